//! What a model needs of loom: the explorer, its threads and its counted pointer.
//!
//! Present under `--cfg gomalloc_loom` only; used by the `models.rs` files of the layers.
pub use loom::model;
pub use loom::model::Builder;
pub use loom::sync::Arc;
pub use loom::thread;
