//! The files of a folder, in the order and under the keys in which they are stored.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file, and the key of its record: its path below the folder, with `/` in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The key.
    pub key: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes, when the folder was read.
    pub size: u64,
}

/// All files in a folder and below it, in byte order of their keys. Links are not followed.
///
/// # Errors
/// When the folder cannot be read, or the name of a file is no text.
pub fn files_in(folder: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    add_files(folder, "", &mut files)?;
    files.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    Ok(files)
}

fn add_files(folder: &Path, above: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().with_context(|| format!("the name of {} is no text", path.display()))?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            add_files(&path, &format!("{above}{name}/"), files)?;
        } else if kind.is_file() {
            files.push(File { key: format!("{above}{name}"), path, size: entry.metadata()?.len() });
        }
    }
    Ok(())
}

/// The content type that the name of a file tells, for those that one meets on the web.
pub(crate) fn content_type(key: &str) -> Option<&'static str> {
    let (_, extension) = key.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "css" => "text/css; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "gif" => "image/gif",
        "htm" | "html" => "text/html; charset=utf-8",
        "jpeg" | "jpg" => "image/jpeg",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webp" => "image/webp",
        "xml" => "application/xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_byte_order_of_their_whole_keys() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        for name in ["a/z", "a.html", "a-b", "Z", "é"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let keys: Vec<_> = files_in(folder.path()).unwrap().into_iter().map(|file| file.key).collect();
        assert_eq!(keys, ["Z", "a-b", "a.html", "a/z", "é"]);
    }

    #[test]
    fn a_name_tells_its_content_type_or_none() {
        assert_eq!(content_type("a.b/c.PNG"), Some("image/png"));
        assert_eq!(content_type("a.tar"), None);
        assert_eq!(content_type("Makefile"), None);
    }
}
