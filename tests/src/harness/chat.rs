//! The whole system, a browser, and a tab with the chat in it: with these begins most of what is tested of a visitor's chat.

use super::cdp::Chromium;
use super::stack::Stack;
use super::tab::Tab;

pub struct Chat {
    pub tab: Tab,
    pub browser: Chromium,
    pub stack: Stack,
}

impl Chat {
    /// Open, with these attributes in the script's tag.
    pub async fn open(attributes: &str) -> Chat {
        let chat = Chat::begin("", attributes).await;
        chat.tab.open_chat().await;
        chat
    }

    /// With a launcher that nobody has touched, on a page that has `before` ahead of the script's tag.
    pub async fn closed(before: &str) -> Chat {
        Chat::begin(before, "").await
    }

    async fn begin(before: &str, attributes: &str) -> Chat {
        let stack = Stack::start().await;
        let browser = Chromium::start().await;
        let attributes = format!("data-site=demo {attributes}");
        let tab = Tab::shop(&browser, stack.edge_port, before, &attributes).await;
        Chat { tab, browser, stack }
    }

    /// The same visitor's chat, open in another tab.
    pub async fn in_another_tab(&self) -> Tab {
        Tab::chat(&self.browser, self.stack.edge_port, "").await
    }
}
