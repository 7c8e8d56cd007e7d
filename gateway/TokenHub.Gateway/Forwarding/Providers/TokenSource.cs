using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Signing;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>A token and how long it serves.</summary>
internal sealed record HeldToken(
    KeyValuePair<string, string>[] Headers, DateTimeOffset IssuedAt, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt)
{
    /// <summary>A token never prints itself.</summary>
    public override string ToString() => $"token until {ExpiresAt:O}";
}

/// <summary>
/// Keeps one credential's token fresh: at hand at once while it serves, renewed ahead of its end in the background,
/// never twice at a time. A renewal belongs to no caller: it has its own bound, and callers wait for it as long as they
/// like. After a failure it rests a while, longer each time.
/// </summary>
internal sealed class TokenSource(
    long channel, Func<CancellationToken, Task<IssuedToken>> fetch, TimeProvider time, ILogger log)
{
    internal static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);
    internal static readonly TimeSpan RestMax = TimeSpan.FromSeconds(60);

    // A token that was refused so soon after it was issued will not be mended by another one.
    internal static readonly TimeSpan RefusedAgeMin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(5);
    private const int AheadShare = 5;
    private const int DoublingsMax = 6;

    private readonly Lock _gate = new();
    private volatile HeldToken? _held;
    private Task<HeldToken?>? _running;
    private DateTimeOffset _restUntil;
    private int _failures;
    private volatile string _why = "";

    /// <summary>The token if it still serves; one that nears its end is renewed behind the caller's back.</summary>
    public HeldToken? TryGet()
    {
        var held = _held;
        var now = time.GetUtcNow();
        if (held is null || now >= held.ExpiresAt)
        {
            return null;
        }

        if (now >= held.RenewAt)
        {
            _ = Begin(now);
        }

        return held;
    }

    /// <summary>What failed before says nothing any more: the credential has changed.</summary>
    public void ForgetFailures()
    {
        lock (_gate)
        {
            (_failures, _restUntil) = (0, default);
        }
    }

    /// <exception cref="CredentialException">It cannot be had, now or for a while.</exception>
    public async ValueTask<HeldToken> GetAsync(CancellationToken stop)
    {
        if (TryGet() is { } held)
        {
            return held;
        }

        return (Begin(time.GetUtcNow()) is { } run ? await run.WaitAsync(stop) : null)
            ?? throw new CredentialException(_why);
    }

    /// <summary>A token was refused. True when there is another one now.</summary>
    public async ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop)
    {
        var held = _held;
        if (held is not null && !ReferenceEquals(held.Headers, refused))
        {
            return true;
        }

        var now = time.GetUtcNow();
        if (held is null || now - held.IssuedAt < RefusedAgeMin || Begin(now) is not { } run)
        {
            return false;
        }

        return await run.WaitAsync(stop) is not null;
    }

    // The renewal under way, a new one, or null while it rests.
    private Task<HeldToken?>? Begin(DateTimeOffset now)
    {
        lock (_gate)
        {
            // On the thread pool: signing takes a millisecond, and the caller may be a socket's thread.
            return _running ??= now < _restUntil ? null : Task.Run(RunAsync);
        }
    }

    // Never throws: nobody may be waiting.
    private async Task<HeldToken?> RunAsync()
    {
        try
        {
            using var bound = new CancellationTokenSource(FetchTimeout);
            var asked = time.GetUtcNow();
            var token = await fetch(bound.Token);
            var ahead = TimeSpan.FromTicks(Math.Min(AheadMax.Ticks, token.Lifetime.Ticks / AheadShare));
            var expires = asked + token.Lifetime;
            var held = new HeldToken(
                [new("authorization", "Bearer " + token.Text)], asked, expires - ahead, expires);
            lock (_gate)
            {
                (_held, _running, _failures, _restUntil) = (held, null, 0, default);
            }

            return held;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _why = error switch
            {
                TokenException or CredentialException => error.Message,
                OperationCanceledException => "The issuer of the token did not answer in time.",
                _ => "The issuer of the token cannot be reached.",
            };
            GatewayLog.TokenFailed(log, channel, _why);
            lock (_gate)
            {
                var rest = TimeSpan.FromSeconds(1 << Math.Min(_failures++, DoublingsMax));
                (_running, _restUntil) = (null, time.GetUtcNow() + (rest < RestMax ? rest : RestMax));
            }

            return null;
        }
    }
}
