//! Where figures were seen: without that they say little.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::thread::available_parallelism;

use store_testkit::{RedisServer, ServerOptions};

/// The processor, how many of its cores we may use, and the kernel.
pub(super) fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model(&text).map(ToOwned::to_owned));
    let cores = available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system = format!("{OS} {}", kernel.trim());
    format!("{} ({ARCH}), {cores} cores, {}", processor.as_deref().unwrap_or("unknown processor"), system.trim())
}

/// The server that groups start unless they say otherwise; none where none can be started.
pub(super) fn server() -> Option<String> {
    let server = RedisServer::start_process(ServerOptions::new()).ok()?;
    Some(format!("{} {}", server.server_name(), server.version()))
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read_from_the_first_processor() {
        let text = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: A CPU @ 2.50GHz\n\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(model(text), Some("A CPU @ 2.50GHz"));
        assert_eq!(model("processor\t: 0\nBogoMIPS\t: 48.00\n"), None);
    }
}
