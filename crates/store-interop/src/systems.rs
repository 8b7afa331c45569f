//! The table of systems.

mod cachelib;
mod cachetory;
mod crawlee;
mod litestar;

use crate::server::ServerKind;
use crate::system::System;

pub(crate) const ALL: [System; 4] = [
    System { name: "litestar", server: ServerKind::Redis, cases: litestar::CASES },
    System { name: "cachelib", server: ServerKind::Redis, cases: cachelib::CASES },
    System { name: "cachetory", server: ServerKind::Redis, cases: cachetory::CASES },
    System { name: "crawlee", server: ServerKind::Json, cases: crawlee::CASES },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_system_has_a_worker_and_the_versions_of_its_environment() {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        for System { name, .. } in ALL {
            assert!(python.join(format!("{name}_worker.py")).is_file(), "{name}");
            assert!(python.join("constraints").join(format!("{name}.txt")).is_file(), "{name}");
        }
    }

    #[test]
    fn no_two_cases_of_a_system_have_one_name() {
        for system in ALL {
            let names: BTreeSet<_> = system.cases().map(|case| case.name()).collect();
            assert_eq!(names.len(), system.cases().count(), "{}", system.name);
        }
    }
}
