//! Generated inputs: each case is drawn from a seed of its own, run in a namespace of its own, and shrunk when it fails.

use std::fmt::Debug;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::time::{Instant, timeout_at};

use crate::choices::Choices;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, Verdict};

/// How long a failing input is simplified before it is shown, unless the options say otherwise.
const SHRINK_LIMIT: Duration = Duration::from_secs(10);

/// How many cases are under way at once where a case mostly waits. A manual clock is shared by all of them, so there it
/// is one at a time.
const CONCURRENT_CASES: usize = 32;

/// Checks a clause for inputs drawn from `strategy`, each in a fresh scope.
pub(crate) async fn for_all<S: Strategy>(
    context: &Context,
    strategy: S,
    body: impl AsyncFn(&Scope<'_>, S::Value) -> Result<(), Failure>,
) -> CheckResult {
    for_each_case(context, context.inputs(), &strategy, &body, || false).await
}

/// Checks a clause for each of these inputs, in fresh scopes: for those that find what others do not, and that chance
/// leaves out of some runs.
pub(crate) async fn for_each<V: Debug>(
    context: &Context,
    inputs: impl IntoIterator<Item = V>,
    body: &impl AsyncFn(&Scope<'_>, V) -> Result<(), Failure>,
) -> CheckResult {
    for input in inputs {
        context.count_case();
        let shown = format!("{input:?}");
        let name = &context.name;
        attempt(context, input, body)
            .await
            .map_err(|failure| failure.in_context(format_args!("  with {shown}\n  again: --exact {name}")))?;
    }
    Ok(Verdict::Pass)
}

/// As [`for_all`], for this many cases or until `enough` says so.
pub(crate) async fn for_each_case<S: Strategy>(
    context: &Context,
    cases: u32,
    strategy: &S,
    body: &impl AsyncFn(&Scope<'_>, S::Value) -> Result<(), Failure>,
    enough: impl Fn() -> bool,
) -> CheckResult {
    let concurrent = if context.time.is_manual() { 1 } else { CONCURRENT_CASES };
    let runs = stream::iter(0..cases).take_while(|_| std::future::ready(!enough())).map(|number| {
        let seed = context.seed.wrapping_add(u64::from(number));
        run_case(context, seed, strategy, body)
    });
    let mut runs = std::pin::pin!(runs.buffer_unordered(concurrent));
    while let Some(result) = runs.next().await {
        result?;
    }
    Ok(Verdict::Pass)
}

/// Checks a clause once, in a fresh scope.
pub(crate) async fn once(context: &Context, body: impl AsyncFnOnce(&Scope<'_>) -> Result<(), Failure>) -> CheckResult {
    once_from(context, context.seed, body).await
}

/// As [`once`], for a case whose choices are made from this seed.
async fn once_from(
    context: &Context,
    seed: u64,
    body: impl AsyncFnOnce(&Scope<'_>) -> Result<(), Failure>,
) -> CheckResult {
    context.count_case();
    let scope = context.scope_from(seed)?;
    guarded(&scope, body(&scope)).await.map_err(|failure| failure.in_context(how_to_repeat(context, seed)))?;
    Ok(Verdict::Pass)
}

/// Checks a clause again and again, each time in a fresh scope and with a seed of its own, because chance decides who
/// comes first.
pub(crate) async fn again_and_again(
    context: &Context,
    body: impl AsyncFn(&Scope<'_>) -> Result<(), Failure>,
) -> CheckResult {
    for number in 0..context.races() {
        once_from(context, context.seed.wrapping_add(u64::from(number)), &body).await?;
    }
    Ok(Verdict::Pass)
}

async fn run_case<S: Strategy>(
    context: &Context,
    seed: u64,
    strategy: &S,
    body: &impl AsyncFn(&Scope<'_>, S::Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    context.count_case();
    let mut runner = runner(&context.name, seed);
    let mut tree = strategy.new_tree(&mut runner).map_err(|reason| Failure::new(format!("no input: {reason}")))?;
    let Err(failure) = attempt(context, tree.current(), body).await else { return Ok(()) };
    let (input, failure) = shrink(context, &mut tree, failure, body).await;
    let name = &context.name;
    Err(failure.in_context(format_args!(
        "  with {input}\n  again: --exact {name} --cases 1 --seed {seed}, or STORE_CONFORMANCE_SEED={seed}"
    )))
}

fn how_to_repeat(context: &Context, seed: u64) -> String {
    let name = &context.name;
    format!("  again: --exact {name} --seed {seed}, or STORE_CONFORMANCE_SEED={seed}")
}

/// Simplifies the input as long as it keeps failing; the last failure is the one of the simplest input. A hang is shown
/// as it is, because each simpler input could take as long again.
async fn shrink<V: Debug>(
    context: &Context,
    tree: &mut impl ValueTree<Value = V>,
    mut failure: Failure,
    body: &impl AsyncFn(&Scope<'_>, V) -> Result<(), Failure>,
) -> (String, Failure) {
    let mut simplest = format!("{:?}", tree.current());
    let limit = context.options.shrink_limit.unwrap_or(SHRINK_LIMIT);
    let end = Instant::now() + limit;
    let mut simpler = !limit.is_zero() && !failure.is_hang() && tree.simplify();
    while simpler {
        let Ok(result) = timeout_at(end, attempt(context, tree.current(), body)).await else { break };
        simpler = match result {
            Ok(()) => tree.complicate(),
            Err(again) => {
                failure = again;
                simplest = format!("{:?}", tree.current());
                tree.simplify()
            }
        };
    }
    (simplest, failure)
}

async fn attempt<V>(
    context: &Context,
    input: V,
    body: &impl AsyncFn(&Scope<'_>, V) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let scope = context.scope()?;
    guarded(&scope, body(&scope, input)).await
}

/// Turns a panic and a hang into failures.
async fn guarded<T>(scope: &Scope<'_>, case: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let limit = scope.idle_limit();
    match scope.progress.watch(limit, AssertUnwindSafe(case).catch_unwind()).await {
        Some(Ok(result)) => result,
        Some(Err(panic)) => Err(Failure::of_panic(&*panic)),
        None => Err(Failure::hang(limit)),
    }
}

/// A source of inputs that depends on nothing but the check and the seed. Programs are made of many small choices, for
/// which proptest's default generator costs more than the operations chosen.
fn runner(name: &str, seed: u64) -> TestRunner {
    let mut choices = Choices::named(seed, name);
    let bytes = [choices.next().to_le_bytes(), choices.next().to_le_bytes()].concat();
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &bytes))
}
