//! The operations of the contract, as rules name them.

/// An operation of the contract. A rule is told with it [where](super::Rule::on) it applies.
///
/// One for each method that drivers implement; what people call through the extension traits is one of them, or, as
/// `update`, several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `get`, with or without renewal.
    Get,
    /// `set`, under whatever condition, and `add`.
    Set,
    /// `delete`.
    Delete,
    /// `expire`.
    Expire,
    /// `take`.
    Take,
    /// `exists`.
    Exists,
    /// `ttl`.
    Ttl,
    /// One page of `list`.
    List,
    /// `clear`.
    Clear,
    /// `try_lock` and `lock`.
    AcquireLock,
    /// `extend` of a lock.
    ExtendLock,
    /// `release` of a lock.
    ReleaseLock,
    /// `is_held` of a lock.
    LockIsHeld,
    /// `get_many`.
    GetMany,
    /// `set_many`.
    SetMany,
    /// `delete_many`.
    DeleteMany,
    /// `expire_many`.
    ExpireMany,
    /// `increment` and `decrement`.
    Increment,
    /// Opening a collection of records.
    OpenStore,
    /// Reading a collection's metadata.
    StoreMetadata,
    /// Reading a record.
    GetRecord,
    /// Writing a record.
    SetRecord,
    /// Removing a record.
    DeleteRecord,
    /// Whether there is a record.
    HasRecord,
    /// One page of keys of records.
    ListRecordKeys,
    /// One page of records.
    ListRecords,
    /// Emptying a collection.
    PurgeStore,
    /// Removing a collection.
    DropStore,
    /// The public address of a record.
    RecordUrl,
    /// `ping`, of stores and of clients.
    Ping,
    /// `close`, of stores and of clients.
    Close,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::Get,
        Self::Set,
        Self::Delete,
        Self::Expire,
        Self::Take,
        Self::Exists,
        Self::Ttl,
        Self::List,
        Self::Clear,
        Self::AcquireLock,
        Self::ExtendLock,
        Self::ReleaseLock,
        Self::LockIsHeld,
        Self::GetMany,
        Self::SetMany,
        Self::DeleteMany,
        Self::ExpireMany,
        Self::Increment,
        Self::OpenStore,
        Self::StoreMetadata,
        Self::GetRecord,
        Self::SetRecord,
        Self::DeleteRecord,
        Self::HasRecord,
        Self::ListRecordKeys,
        Self::ListRecords,
        Self::PurgeStore,
        Self::DropStore,
        Self::RecordUrl,
        Self::Ping,
        Self::Close,
    ];

    /// Those whose purpose is to change something. A `get` with renewal is none of them, nor is what a read does to a
    /// collection's times.
    pub fn writes() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|operation| operation.is_write())
    }

    /// Whether its purpose is to change something.
    #[must_use]
    pub fn is_write(self) -> bool {
        match self {
            Self::Set
            | Self::Delete
            | Self::Expire
            | Self::Take
            | Self::Clear
            | Self::AcquireLock
            | Self::ExtendLock
            | Self::ReleaseLock
            | Self::SetMany
            | Self::DeleteMany
            | Self::ExpireMany
            | Self::Increment
            | Self::OpenStore
            | Self::SetRecord
            | Self::DeleteRecord
            | Self::PurgeStore
            | Self::DropStore => true,
            Self::Get
            | Self::Exists
            | Self::Ttl
            | Self::List
            | Self::LockIsHeld
            | Self::GetMany
            | Self::StoreMetadata
            | Self::GetRecord
            | Self::HasRecord
            | Self::ListRecordKeys
            | Self::ListRecords
            | Self::RecordUrl
            | Self::Ping
            | Self::Close => false,
        }
    }
}
