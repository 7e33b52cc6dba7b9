//! The seam between the log and the world: a folder of files, as little of it as the log needs.
//!
//! Two implementations: [`Folder`] is real; `log/faulty.rs` is a disk in memory that tears writes, fails
//! syncs and loses what was not synced, for the log's tests and for simulation.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::width::count;

/// A folder. Names are plain file names.
pub trait Disk: Send + Sync {
    fn names(&self) -> io::Result<Vec<String>>;
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// An empty file, whatever was there.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and removals durable.
    fn sync(&self) -> io::Result<()>;
}

pub trait File: Send + Sync {
    fn length(&self) -> io::Result<u64>;
    /// May read less than asked; 0 is the end.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// May write less than asked.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Says that these bytes are written and will be synced: the disk may begin with them. Promises
    /// nothing, and fails when the sync does.
    fn begin_sync(&self, bytes: Range<u64>);
    /// Makes contents and length durable.
    fn sync(&self) -> io::Result<()>;
    fn cut(&self, length: u64) -> io::Result<()>;
}

/// Fills `bytes` or reaches the end; returns how many were read.
pub fn read_full(file: &dyn File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0_usize;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(count(done))) {
            Ok(0) => break,
            Ok(some) => done = done.saturating_add(some),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

pub fn write_full(file: &dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0_usize;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset.saturating_add(count(done))) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(some) => done = done.saturating_add(some),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A folder of the file system.
pub struct Folder {
    path: PathBuf,
    is_writer: bool,
}

/// A folder is one writer's as long as this lives. It is the folder itself that is locked, so that no
/// file is added; and apart from [`Folder`], because readers may outlive the writer.
pub struct Lock {
    _file: fs::File,
}

impl Folder {
    /// For the one writer. `WouldBlock` when another process, or this one, has the folder.
    pub fn lock(path: &Path) -> io::Result<(Self, Lock)> {
        let lock = fs::File::open(path)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::new(
                ErrorKind::WouldBlock,
                format!("{} is open elsewhere", path.display()),
            ),
        })?;
        Ok((Self { path: path.to_owned(), is_writer: true }, Lock { _file: lock }))
    }

    /// For readers: no lock, and files open for reading only.
    pub fn read(path: &Path) -> Self {
        Self { path: path.to_owned(), is_writer: false }
    }
}

impl Disk for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // A name that is not text is none of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        options.read(true).write(self.is_writer);
        Ok(Arc::new(options.open(self.path.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Arc::new(options.open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }
}

impl File for fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn begin_sync(&self, bytes: Range<u64>) {
        #[cfg(target_os = "linux")]
        if let Ok(first) = i64::try_from(bytes.start)
            && let Ok(length @ 1..) = i64::try_from(bytes.end.saturating_sub(bytes.start))
        {
            // Linux reports here what it could not begin, and keeps what failed later for the sync.
            #[allow(unsafe_code, reason = "the standard library does not have the call")]
            // SAFETY: it touches no memory, and the descriptor is that of an open file.
            unsafe {
                libc::sync_file_range(self.as_raw_fd(), first, length, libc::SYNC_FILE_RANGE_WRITE);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
