//! What can be stored.

use std::borrow::Cow;

use bytes::Bytes;

/// Bytes as callers have them: owned ones are moved, borrowed ones copied.
///
/// Text and byte slices of any lifetime, `String`, `Vec<u8>`, [`Bytes`], and references to them. What is something else
/// goes through a [codec](crate::codec).
pub trait IntoValue: sealed::Sealed {
    #[doc(hidden)]
    fn into_value(self) -> Bytes;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! moved {
    ($($owned:ty),*) => {$(
        impl sealed::Sealed for $owned {}
        impl IntoValue for $owned {
            fn into_value(self) -> Bytes {
                self.into()
            }
        }
    )*};
}

macro_rules! copied {
    ($([$($generic:tt)*] $borrowed:ty => $bytes:expr;)*) => {$(
        impl<$($generic)*> sealed::Sealed for $borrowed {}
        impl<$($generic)*> IntoValue for $borrowed {
            fn into_value(self) -> Bytes {
                let bytes: fn($borrowed) -> Bytes = $bytes;
                bytes(self)
            }
        }
    )*};
}

moved!(Bytes, String, Vec<u8>, Box<[u8]>);

copied! {
    [] &Bytes => Bytes::clone;
    [] &str => |text| Bytes::copy_from_slice(text.as_bytes());
    [] &String => |text| Bytes::copy_from_slice(text.as_bytes());
    [] &[u8] => Bytes::copy_from_slice;
    [] &Vec<u8> => |bytes| Bytes::copy_from_slice(bytes);
    [const N: usize] &[u8; N] => |bytes| Bytes::copy_from_slice(bytes);
    [const N: usize] [u8; N] => |bytes| Bytes::copy_from_slice(&bytes);
    [] Cow<'_, str> => |text| Bytes::copy_from_slice(text.as_bytes());
    [] Cow<'_, [u8]> => |bytes| Bytes::copy_from_slice(&bytes);
}
