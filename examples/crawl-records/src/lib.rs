//! What the program `crawl-records` does, apart from its command line.

mod crawl;
mod folder;
mod totals;

pub use crawl::Crawl;
pub use folder::{File, files_in};
pub use totals::Totals;
