//! The allocator of this program: one feature, one allocator; none, the system's.
//!
//! Two features at once are two modules of one name, which does not compile: a program has one
//! global allocator.
//!
//! The only file of the workspace that names other people's allocators.

#[cfg(feature = "ours")]
mod choice {
    pub(crate) const NAME: &str = "gomalloc";
    #[global_allocator]
    static GLOBAL: gomalloc::GoMalloc = gomalloc::GoMalloc::new();
}

#[cfg(feature = "mimalloc-v2")]
mod choice {
    pub(crate) const NAME: &str = "mimalloc-v2";
    #[global_allocator]
    static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;
}

#[cfg(all(feature = "mimalloc-v3", not(feature = "mimalloc-v2")))]
mod choice {
    pub(crate) const NAME: &str = "mimalloc-v3";
    #[global_allocator]
    static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;
}

#[cfg(feature = "jemalloc")]
mod choice {
    pub(crate) const NAME: &str = "jemalloc";
    #[global_allocator]
    static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
}

#[cfg(feature = "snmalloc")]
mod choice {
    pub(crate) const NAME: &str = "snmalloc";
    #[global_allocator]
    static GLOBAL: snmalloc_rs::SnMalloc = snmalloc_rs::SnMalloc;
}

#[cfg(feature = "rpmalloc")]
mod choice {
    pub(crate) const NAME: &str = "rpmalloc";
    #[global_allocator]
    static GLOBAL: rpmalloc::RpMalloc = rpmalloc::RpMalloc;
}

#[cfg(feature = "rusty_alloc")]
mod choice {
    pub(crate) const NAME: &str = "rusty_alloc";
    #[global_allocator]
    static GLOBAL: rusty_alloc_api::RustyAlloc = rusty_alloc_api::RustyAlloc;
}

#[cfg(feature = "tcmalloc")]
mod choice {
    pub(crate) const NAME: &str = "tcmalloc";
    #[global_allocator]
    static GLOBAL: tcmalloc_better::TCMalloc = tcmalloc_better::TCMalloc;
}

#[cfg(not(any(
    feature = "ours",
    feature = "mimalloc-v2",
    feature = "mimalloc-v3",
    feature = "jemalloc",
    feature = "snmalloc",
    feature = "rpmalloc",
    feature = "rusty_alloc",
    feature = "tcmalloc",
)))]
mod choice {
    pub(crate) const NAME: &str = "system";
}

pub(crate) use choice::NAME;
