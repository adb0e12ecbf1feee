//! What the linker must know about the shared library and cannot be told in the sources.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if os != "linux" {
        return;
    }
    // Never unmapped: blocks, thread destructors and fork handlers outlive any `dlclose`.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // Found by its plain name by whoever links with `-lgomalloc`.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libgomalloc.so");
}
