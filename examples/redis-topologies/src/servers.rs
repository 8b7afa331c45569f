//! What the scenes need not know: which servers there are, what is declared of them, what lies where, and what it took.

use anyhow::Result;
use store_redis::prelude::*;
use store_redis::{Key, Member, RedisCache, Role, Slot, Topology};

/// The servers as the cache knows them at this moment, and what it declares. Code that has to run on any driver asks for
/// capabilities, and does without what is not declared.
pub(crate) fn describe(cache: &RedisCache) -> Result<()> {
    let servers = cache.topology()?;
    println!("# {}", name(servers.topology));
    for member in &servers.members {
        println!("#   {} at {}{}", role(member.role), member.server, slots(member));
    }
    let declared = cache.capabilities();
    println!("#   batches in one step: {:?}, snapshots: {:?}", declared.batch_atomicity, declared.snapshot_reads);
    println!("#   reads: {:?}, evicts: {:?}", declared.reads, declared.eviction);
    Ok(())
}

/// All that is below a root namespace lies in one slot. The slot is the same everywhere, the server is not.
pub(crate) fn locate(cache: &RedisCache, root: &str) -> Result<()> {
    let slot = cache.slot_of(&Namespace::try_from([root])?, Key::new("any")?);
    let servers = cache.topology()?;
    let primary = servers.members.iter().find(|member| member.role == Role::Primary && has(member, slot));
    println!("  {root} has slot {slot}");
    println!("#   which is at {}", primary.map_or("nobody".to_owned(), |primary| primary.server.to_string()));
    Ok(())
}

/// What it took, behind the scenes.
pub(crate) fn sum_up(cache: &RedisCache) {
    let stats = cache.stats();
    let errors: u64 = stats.errors.iter().map(|(_, count)| count).sum();
    println!("# {} calls, {errors} errors, {} retries, {} connections", stats.calls, stats.retries, stats.dials);
}

/// Only on a Cluster a server has some slots and not others.
fn has(member: &Member, slot: Slot) -> bool {
    member.slots.is_empty() || member.slots.iter().any(|run| run.contains(&slot))
}

fn slots(member: &Member) -> String {
    member.slots.iter().map(|run| format!(", slots {} to {}", run.start(), run.end())).collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Primary => "primary",
        _ => "replica",
    }
}

fn name(topology: Topology) -> &'static str {
    match topology {
        Topology::Sentinel => "a primary behind sentinels",
        Topology::Cluster => "a cluster",
        _ => "one server",
    }
}
