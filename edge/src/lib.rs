pub mod conversation;
pub mod origin_gate;
