//! `cargo xtask redis up` and `down`: a deployment to try things on, that stays until it is told to end.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use store_testkit::{ClusterOptions, DetachedDeployment, DetachedServer, Listen, SentinelOptions, ServerOptions};

use crate::set_up;
use crate::workspace::Workspace;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Starts a deployment and prints its URL.
    Up(UpOptions),
    /// Ends the deployment that `up` started and removes its files.
    Down,
}

#[derive(clap::Args)]
pub(crate) struct UpOptions {
    /// Listens on a unix socket instead of a TCP port; for `standalone` only.
    #[arg(long)]
    unix: bool,
    /// What to start.
    #[arg(long, value_enum, default_value_t = Topology::Standalone)]
    topology: Topology,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Topology {
    /// One server.
    Standalone,
    /// A primary, two replicas and three sentinels.
    Sentinel,
    /// Three primaries with a replica each.
    Cluster,
}

pub(crate) fn run(workspace: &Workspace, task: &Task) -> Result<()> {
    let place = Place { directory: workspace.output_directory("redis")? };
    match task {
        Task::Up(options) => up(workspace, &place, options),
        Task::Down => down(&place),
    }
}

fn up(workspace: &Workspace, place: &Place, options: &UpOptions) -> Result<()> {
    if let Some(deployment) = place.recorded()? {
        if deployment.is_running()? {
            say("already up", &deployment);
            return Ok(());
        }
        place.clear()?;
    }
    set_up::server_binary(workspace)?;
    let deployment = start(options, &place.server_directory()?)?;
    place.record(&deployment)?;
    say("up", &deployment);
    Ok(())
}

fn start(options: &UpOptions, directory: &Path) -> Result<DetachedDeployment> {
    ensure!(!options.unix || options.topology == Topology::Standalone, "--unix is for `standalone` only");
    let listen = if options.unix { Listen::Unix } else { Listen::Tcp };
    let deployment = match options.topology {
        Topology::Standalone => DetachedDeployment::standalone(&ServerOptions::new().listen(listen), directory),
        Topology::Sentinel => DetachedDeployment::sentinel(&SentinelOptions::new(), directory),
        Topology::Cluster => DetachedDeployment::cluster(&ClusterOptions::new(), directory),
    };
    Ok(deployment?)
}

/// The URL alone goes to standard output, for whoever captures it.
fn say(state: &str, deployment: &DetachedDeployment) {
    eprintln!("{state} as {}; `cargo xtask redis down` ends it", processes(deployment));
    println!("{}", deployment.url());
}

fn processes(deployment: &DetachedDeployment) -> String {
    let ids: Vec<_> = deployment.servers().iter().map(|server| server.pid().to_string()).collect();
    let noun = if ids.len() == 1 { "process" } else { "processes" };
    format!("{noun} {}", ids.join(", "))
}

fn down(place: &Place) -> Result<()> {
    let Some(deployment) = place.recorded()? else { bail!("nothing is up: `cargo xtask redis up` starts a server") };
    let was_running = deployment.is_running()?;
    deployment.shut_down()?;
    let end = if was_running { "ended" } else { "gone already" };
    eprintln!("{}: {end}", processes(&deployment));
    place.clear()
}

/// Where the servers' files lie and where their names are recorded.
struct Place {
    directory: PathBuf,
}

impl Place {
    fn record_path(&self) -> PathBuf {
        self.directory.join("deployment.json")
    }

    fn server_directory(&self) -> Result<PathBuf> {
        let path = self.directory.join("server");
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(path)
    }

    fn record(&self, deployment: &DetachedDeployment) -> Result<()> {
        fs::write(self.record_path(), format!("{:#}\n", to_json(deployment))).context("recording the deployment")
    }

    fn recorded(&self) -> Result<Option<DetachedDeployment>> {
        let path = self.record_path();
        if !path.exists() {
            return Ok(None);
        }
        let read = || from_json(&serde_json::from_str(&fs::read_to_string(&path)?)?);
        read().map(Some).with_context(|| format!("reading {}", path.display()))
    }

    fn clear(&self) -> Result<()> {
        fs::remove_dir_all(&self.directory).with_context(|| format!("removing {}", self.directory.display()))
    }
}

fn to_json(deployment: &DetachedDeployment) -> Value {
    let server =
        |server: &DetachedServer| json!({ "pid": server.pid(), "run_id": server.run_id(), "url": server.url() });
    json!({ "url": deployment.url(), "servers": deployment.servers().iter().map(server).collect::<Vec<_>>() })
}

fn from_json(record: &Value) -> Result<DetachedDeployment> {
    let servers = record["servers"].as_array().context("no servers")?;
    let servers = servers.iter().map(server_from_json).collect::<Result<_>>()?;
    Ok(DetachedDeployment::from_parts(text(record, "url")?, servers))
}

fn server_from_json(record: &Value) -> Result<DetachedServer> {
    let pid = record["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).context("no pid")?;
    Ok(DetachedServer::from_parts(pid, text(record, "run_id")?, text(record, "url")?))
}

fn text(record: &Value, name: &str) -> Result<String> {
    Ok(record[name].as_str().with_context(|| format!("no {name}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_read_back_as_it_was_recorded() {
        let server = |pid| DetachedServer::from_parts(pid, "a".repeat(40), format!("redis://127.0.0.1:{pid}"));
        let deployment = DetachedDeployment::from_parts("redis+cluster://h".to_owned(), vec![server(7), server(8)]);
        assert_eq!(from_json(&to_json(&deployment)).unwrap(), deployment);
    }

    #[test]
    fn a_record_of_another_form_is_refused_with_what_is_missing() {
        let record = json!({ "url": "redis://h", "servers": [{ "pid": 7, "url": "redis://h" }] });
        assert_eq!(from_json(&record).unwrap_err().to_string(), "no run_id");
    }

    #[test]
    fn a_socket_is_for_one_server_only() {
        let options = UpOptions { unix: true, topology: Topology::Cluster };
        assert!(start(&options, Path::new("unused")).unwrap_err().to_string().contains("`standalone`"));
    }
}
