//! The form of a log in. The fields keep their own text: a password is nobody else's business.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::account::Reason;
use crate::words;

#[derive(Clone, PartialEq, Properties)]
pub struct LoginProps {
    /// Why it stands there, or why it did not work.
    pub reason: Option<Reason>,
    /// Waiting for the answer.
    pub busy: bool,
    pub on_login: Callback<(String, String)>,
}

#[derive(Default)]
pub struct Login {
    email: NodeRef,
    password: NodeRef,
}

impl Component for Login {
    type Message = ();
    type Properties = LoginProps;

    fn create(_: &Context<Self>) -> Self {
        Login::default()
    }

    fn update(&mut self, ctx: &Context<Self>, (): ()) -> bool {
        if !ctx.props().busy {
            ctx.props().on_login.emit((value(&self.email), value(&self.password)));
        }
        false
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &LoginProps) -> bool {
        // Refused: whoever mistyped wants to type it once more.
        if ctx.props().reason.is_some() && (old.busy || old.reason != ctx.props().reason) {
            let next = if value(&self.email).is_empty() { &self.email } else { &self.password };
            if let Some(field) = next.cast::<HtmlInputElement>() {
                let _ = field.focus();
                field.select();
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let LoginProps { reason, busy, .. } = ctx.props();
        let onsubmit = ctx.link().callback(|event: SubmitEvent| {
            event.prevent_default();
        });
        html! {
            <main class="login">
                <form onsubmit={onsubmit} novalidate=true>
                    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M6 13q5-5 10 0t10 0M6 20q5-5 10 0t10 0"/></svg>
                    <h1>{ words::LOG_IN }</h1>
                    <p class="more">{ words::LOG_IN_MORE }</p>
                    <label>
                        { words::EMAIL }
                        <input ref={self.email.clone()} type="email" name="email" autocomplete="username" />
                    </label>
                    <label>
                        { words::PASSWORD }
                        <input ref={self.password.clone()} type="password" name="password" autocomplete="current-password" />
                    </label>
                    <div class="told" role="alert">
                        if let Some(reason) = reason {
                            <p class={if words::is_calm(reason) { "sentence calm" } else { "sentence" }}>{ words::reason(reason) }</p>
                        }
                    </div>
                    <button type="submit" aria-disabled={busy.then_some("true")}>
                        { if *busy { words::LOGGING_IN } else { words::LOG_IN } }
                    </button>
                </form>
            </main>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, first: bool) {
        if first && let Some(field) = self.email.cast::<HtmlInputElement>() {
            let _ = field.focus();
        }
    }
}

fn value(field: &NodeRef) -> String {
    field.cast::<HtmlInputElement>().map(|field| field.value()).unwrap_or_default()
}
