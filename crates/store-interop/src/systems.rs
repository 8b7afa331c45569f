//! The table of systems.

mod cachelib;
mod cachetory;
mod litestar;

use crate::system::System;

pub(crate) const ALL: [System; 3] = [
    System { name: "litestar", cases: litestar::CASES },
    System { name: "cachelib", cases: cachelib::CASES },
    System { name: "cachetory", cases: cachetory::CASES },
];
