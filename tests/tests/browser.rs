//! Real people in real browsers, in front of the real system.

#[path = "browser/api.rs"]
mod api;
#[path = "browser/barriers.rs"]
mod barriers;
#[path = "browser/closed_tab.rs"]
mod closed_tab;
#[path = "browser/consent.rs"]
mod consent;
#[path = "browser/console.rs"]
mod console;
#[path = "browser/contact.rs"]
mod contact;
#[path = "browser/disk.rs"]
mod disk;
#[path = "browser/drafts.rs"]
mod drafts;
#[path = "browser/early.rs"]
mod early;
#[path = "browser/emoji.rs"]
mod emoji;
#[path = "browser/firefox.rs"]
mod firefox;
#[path = "browser/firewall.rs"]
mod firewall;
#[path = "browser/form.rs"]
mod form;
#[path = "browser/gone_tabs.rs"]
mod gone_tabs;
#[path = "browser/hostile.rs"]
mod hostile;
#[path = "browser/identity.rs"]
mod identity;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/languages.rs"]
mod languages;
#[path = "browser/leaders.rs"]
mod leaders;
#[path = "browser/look.rs"]
mod look;
#[path = "browser/marks.rs"]
mod marks;
#[path = "browser/marks_file.rs"]
mod marks_file;
#[path = "browser/menu.rs"]
mod menu;
#[path = "browser/moved.rs"]
mod moved;
#[path = "browser/no_cookie.rs"]
mod no_cookie;
#[path = "browser/outage_page.rs"]
mod outage_page;
#[path = "browser/phone.rs"]
mod phone;
#[path = "browser/pinned.rs"]
mod pinned;
#[path = "browser/random.rs"]
mod random;
#[path = "browser/refused.rs"]
mod refused;
#[path = "browser/remembered.rs"]
mod remembered;
#[path = "browser/renewed.rs"]
mod renewed;
#[path = "browser/replay_page.rs"]
mod replay_page;
#[path = "browser/resigned.rs"]
mod resigned;
#[path = "browser/restarted.rs"]
mod restarted;
#[path = "browser/same_person.rs"]
mod same_person;
#[path = "browser/sealed.rs"]
mod sealed;
#[path = "browser/status_page.rs"]
mod status_page;
#[path = "browser/story.rs"]
mod story;
#[path = "browser/tabs.rs"]
mod tabs;
#[path = "browser/transcript.rs"]
mod transcript;
#[path = "browser/visit.rs"]
mod visit;
#[path = "browser/waiting.rs"]
mod waiting;
#[path = "browser/withdrawn.rs"]
mod withdrawn;
