//! The directory of one server: private, removed on drop, and swept later where its owner could not remove it.
//!
//! An owner that is killed leaves its directory behind. Each directory therefore holds a file that its owner keeps
//! locked, and whoever makes a new directory first removes those whose lock is free. The lock is the kernel's, so it is
//! given up however the owner ended, and unlike a recorded process id it can neither be reused nor mean something else
//! in another container that shares the directory.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = "server-";
const OWNER_LOCK: &str = "owner.lock";

/// A directory that is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    // Declared, and so dropped, before the lock: while files are being removed nobody else may think the owner is gone.
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, Error> {
        Self::in_root(&root()).map_err(Error::io("making a directory for the server"))
    }

    fn in_root(root: &Path) -> io::Result<Self> {
        make_private(root)?;
        // Held until the new directory has its own lock: a sweep in between would take it for an abandoned one.
        let root_lock = File::create(root.join("sweep.lock"))?;
        flock(&root_lock, FlockOperation::LockExclusive)?;
        sweep(root)?;
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        let lock = File::create(directory.path().join(OWNER_LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { directory, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// One directory per user: in a world-writable parent, the files of another user can be neither trusted nor removed.
fn root() -> PathBuf {
    std::env::temp_dir().join(format!("store-testkit-{}", rustix::process::getuid().as_raw()))
}

fn make_private(root: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    if fs::symlink_metadata(root)?.uid() == rustix::process::getuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} belongs to another user", root.display())))
}

fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        if ours && is_abandoned(&path) {
            // What cannot be removed now, because its server is just being ended by the kernel, goes with the next sweep.
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

/// A directory without a lock file was abandoned before it got one, or is being removed by its owner right now.
pub(crate) fn is_abandoned(directory: &Path) -> bool {
    match File::open(directory.join(OWNER_LOCK)) {
        Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_removed_on_drop() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::in_root(root.path()).unwrap();
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_directory_whose_owner_lives_is_kept_by_the_next_start() {
        let root = tempfile::tempdir().unwrap();
        let first = Scratch::in_root(root.path()).unwrap();
        let _second = Scratch::in_root(root.path()).unwrap();
        assert!(first.path().join(OWNER_LOCK).exists());
    }

    #[test]
    fn a_directory_whose_lock_is_free_is_removed_by_the_next_start() {
        let root = tempfile::tempdir().unwrap();
        let abandoned = root.path().join("server-left");
        fs::create_dir(&abandoned).unwrap();
        File::create(abandoned.join(OWNER_LOCK)).unwrap();
        let _scratch = Scratch::in_root(root.path()).unwrap();
        assert!(!abandoned.exists());
    }

    #[test]
    fn what_is_not_a_servers_directory_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let foreign = root.path().join("notes");
        fs::create_dir(&foreign).unwrap();
        let _scratch = Scratch::in_root(root.path()).unwrap();
        assert!(foreign.exists());
    }
}
