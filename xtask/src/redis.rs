//! `cargo xtask redis up` and `down`: one server to try things on, that stays until it is told to end.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use store_testkit::{DetachedServer, Listen, ServerOptions};

use crate::set_up;
use crate::workspace::Workspace;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Starts a server and prints its URL.
    Up(UpOptions),
    /// Ends the server that `up` started and removes its files.
    Down,
}

#[derive(clap::Args)]
pub(crate) struct UpOptions {
    /// Listens on a unix socket instead of a TCP port.
    #[arg(long)]
    unix: bool,
    /// What to start; this version knows `standalone`.
    #[arg(long, default_value = "standalone", value_parser = parse_topology)]
    topology: Topology,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topology {
    Standalone,
}

fn parse_topology(name: &str) -> Result<Topology, String> {
    match name {
        "standalone" => Ok(Topology::Standalone),
        "sentinel" | "cluster" => Err(format!("{name} comes with a later version; this one starts `standalone`")),
        _ => Err("this version starts `standalone`".to_owned()),
    }
}

pub(crate) fn run(workspace: &Workspace, task: &Task) -> Result<()> {
    let place = Place { directory: workspace.output_directory("redis")? };
    match task {
        Task::Up(options) => match options.topology {
            Topology::Standalone => up(&place, options),
        },
        Task::Down => down(&place),
    }
}

fn up(place: &Place, options: &UpOptions) -> Result<()> {
    if let Some(server) = place.recorded()? {
        if server.is_running()? {
            eprintln!("already up as process {}; `cargo xtask redis down` ends it", server.pid());
            println!("{}", server.url());
            return Ok(());
        }
        place.clear()?;
    }
    set_up::server_binary()?;
    let listen = if options.unix { Listen::Unix } else { Listen::Tcp };
    let server = DetachedServer::start(&ServerOptions::new().listen(listen), &place.server_directory()?)?;
    place.record(&server)?;
    eprintln!("up as process {}; `cargo xtask redis down` ends it", server.pid());
    println!("{}", server.url());
    Ok(())
}

fn down(place: &Place) -> Result<()> {
    let Some(server) = place.recorded()? else { bail!("no server is up: `cargo xtask redis up` starts one") };
    if server.is_running()? {
        server.shut_down()?;
        eprintln!("process {} has ended", server.pid());
    } else {
        eprintln!("process {} is gone already", server.pid());
    }
    place.clear()
}

/// Where the server's files lie and where its name is recorded.
struct Place {
    directory: PathBuf,
}

impl Place {
    fn record_path(&self) -> PathBuf {
        self.directory.join("server.json")
    }

    fn server_directory(&self) -> Result<PathBuf> {
        let path = self.directory.join("server");
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(path)
    }

    fn record(&self, server: &DetachedServer) -> Result<()> {
        let record = json!({ "pid": server.pid(), "run_id": server.run_id(), "url": server.url() });
        fs::write(self.record_path(), format!("{record:#}\n")).context("recording the server")
    }

    fn recorded(&self) -> Result<Option<DetachedServer>> {
        let path = self.record_path();
        if !path.exists() {
            return Ok(None);
        }
        let named = || read_record(&path);
        named().map(Some).with_context(|| format!("reading {}", path.display()))
    }

    fn clear(&self) -> Result<()> {
        fs::remove_dir_all(&self.directory).with_context(|| format!("removing {}", self.directory.display()))
    }
}

fn read_record(path: &Path) -> Result<DetachedServer> {
    let record: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let pid = record["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).context("no pid")?;
    let text =
        |name: &str| Ok::<_, anyhow::Error>(record[name].as_str().with_context(|| format!("no {name}"))?.to_owned());
    Ok(DetachedServer::from_parts(pid, text("run_id")?, text("url")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_of_a_later_version_is_refused_with_what_there_is() {
        assert_eq!(parse_topology("standalone"), Ok(Topology::Standalone));
        for name in ["sentinel", "cluster", "ring"] {
            assert!(parse_topology(name).unwrap_err().contains("`standalone`"));
        }
    }
}
