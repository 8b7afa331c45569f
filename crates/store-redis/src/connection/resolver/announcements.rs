//! Listens to what sentinels announce.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select};
use futures_util::stream::StreamExt;
use redis::aio::PubSub;
use redis::{RedisConnectionInfo, RedisResult};
use tokio::time::{sleep, timeout};

use crate::connection::channel::Channel;
use crate::connection::line::{Line, Stream};
use crate::connection::peer::Peer;
use crate::connection::resolver::watch::Wanted;
use crate::connection::socket;
use crate::credentials::Credentials;
use crate::environment::Environment;

/// What says that somebody has, or may soon have, another part.
const CHANNELS: [&str; 9] = [
    "+promoted-slave",
    "+switch-master",
    "+sdown",
    "-sdown",
    "+odown",
    "-odown",
    "+slave",
    "+reboot",
    "+convert-to-slave",
];

/// How long after a connection to a sentinel has ended it is dialled again. The poll covers the time between.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks for a look at each announcement of any of the sentinels. Never ends.
pub(super) async fn listen(sentinels: Vec<Peer>, environment: Arc<Environment>, wanted: Wanted) {
    join_all(sentinels.iter().map(|sentinel| listen_to(sentinel, &environment, &wanted))).await;
}

async fn listen_to(sentinel: &Peer, environment: &Environment, wanted: &Wanted) {
    loop {
        // What went wrong is for the look to say, which asks the same sentinel over another connection.
        if let Ok(Some((announced, credentials))) =
            timeout(environment.config.connect_timeout, subscribe(sentinel, environment)).await
        {
            let login = &sentinel.access(environment).login;
            // A subscription cannot log in again; it is made anew.
            select(pin!(pass_on(announced, wanted)), pin!(login.changed(credentials.as_ref()))).await;
        }
        sleep(PAUSE).await;
    }
}

/// Ends with the connection.
async fn pass_on(mut announced: PubSub, wanted: &Wanted) {
    // What was announced before has been missed.
    wanted.soon();
    let mut messages = announced.on_message();
    while messages.next().await.is_some() {
        wanted.soon();
    }
}

async fn subscribe(sentinel: &Peer, environment: &Environment) -> Option<(PubSub, Option<Credentials>)> {
    let socket = socket::open(sentinel, environment).await.ok()?;
    let stream = Stream::new(socket, Arc::new(Line::new(sentinel.server.clone())));
    let channel = Channel::over(stream, sentinel, environment).await.ok()?;
    let credentials = sentinel.access(environment).login.credentials().await.ok()?;
    let announced = subscribe_over(channel, credentials.as_ref()).await.ok()?;
    Some((announced, credentials))
}

async fn subscribe_over(channel: Channel, credentials: Option<&Credentials>) -> RedisResult<PubSub> {
    let mut info = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(Credentials { username, password }) = credentials {
        info = info.set_password(password.reveal());
        if let Some(name) = username {
            info = info.set_username(name.reveal());
        }
    }
    let mut connection = PubSub::new(&info, channel).await?;
    connection.subscribe(CHANNELS.as_slice()).await?;
    Ok(connection)
}
