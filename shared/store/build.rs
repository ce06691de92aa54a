//! Tells cargo that a new migration changes this crate: `sqlx::migrate!` embeds the folder, and sees only old files.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
