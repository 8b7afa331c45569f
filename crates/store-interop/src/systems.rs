//! The table of systems.

mod litestar;

use crate::system::System;

pub(crate) const ALL: [System; 1] = [System { name: "litestar", cases: litestar::CASES }];
