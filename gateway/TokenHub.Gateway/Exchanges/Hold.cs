using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis;

namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// The money held for one request while its answer passes. It covers so many output tokens; before they are used up it
/// asks the till for the next step, each twice the former. What the till refuses ends the answer; that the till cannot
/// be asked does not: running answers finish (they are settled in full either way), but not beyond what the account had
/// left when the till last spoke, nor beyond <see cref="GatewayOptions.UnheldTokensMax"/>. One that began on the grace
/// line grows on it alone until the till has its hold, and is never uncovered.
/// </summary>
internal sealed class Hold(Till till, GatewayOptions options, GraceLine grace, TimeProvider time)
{
    private static readonly TimeSpan FirstRetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPauseMax = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    // A token has at least two bytes of the stream it comes in; most have a hundred.
    private const int StreamBytesPerToken = 2;

    // At 80 % of what is covered the next step is asked for.
    private const long AskAtPerMille = 800;

    private RequestId _rid;
    private KeyEntry? _key;
    private Tariff _tariff;
    private long _inputTokens;
    private long _outputTokensMax;
    private long _covered;
    private long _askAt;
    private long _stepTokens;
    private long _notBefore;
    private TimeSpan _retryPause;
    private bool _isLent;

    /// <summary>All that is held, steps included.</summary>
    public Usd Amount { get; private set; }

    /// <summary>What the account has left besides, as the till said last.</summary>
    public Usd Available { get; private set; }

    /// <summary>The till refused the next step: what is covered now is all there is.</summary>
    public bool IsLast { get; private set; }

    /// <summary>A hold was just taken.</summary>
    /// <param name="outputTokensMax">The caller's own limit: no step goes beyond it.</param>
    /// <param name="isLent">It was lent on the grace line: the till knows nothing of it.</param>
    public void Begin(
        RequestId rid,
        KeyEntry key,
        in Tariff tariff,
        Usd amount,
        Usd available,
        long inputTokens,
        long outputTokensMax,
        bool isLent)
    {
        (_rid, _key, Amount, Available) = (rid, key, amount, available);
        _outputTokensMax = outputTokensMax;
        _stepTokens = options.FirstStepTokens;
        (_notBefore, _retryPause) = (0, FirstRetryPause);
        (IsLast, _isLent) = (false, isLent);
        MoveTo(tariff, inputTokens);
    }

    /// <summary>Another channel's price applies, or the number of input tokens is known better now.</summary>
    public void MoveTo(in Tariff tariff, long inputTokens)
    {
        (_tariff, _inputTokens) = (tariff, inputTokens);
        Cover();
    }

    public void NoteInput(long inputTokens)
    {
        if (inputTokens > _inputTokens)
        {
            MoveTo(_tariff, inputTokens);
        }
    }

    /// <summary>True when so many bytes more can be passed on after so many tokens without asking.</summary>
    public bool Covers(long outputTokens, int bytes) => outputTokens + (bytes / StreamBytesPerToken) <= _askAt;

    /// <summary>True when all that is covered is used up.</summary>
    public bool IsUsedUp(long outputTokens) => outputTokens >= _covered;

    /// <summary>True when so many tokens are more than what is covered and the overrun that is allowed.</summary>
    public bool IsOverdrawn(long outputTokens) => outputTokens - (_isLent ? 0 : options.OverrunTokensMax) > _covered;

    /// <summary>Asks for the next step. False when there is no more: <see cref="IsLast"/> is then true.</summary>
    public async ValueTask<bool> GrowAsync(long outputTokens, int bytes)
    {
        if (IsLast)
        {
            return false;
        }

        // Unheld tokens used up are a reason to ask again at once: it may have been one slow call.
        if (time.GetTimestamp() >= _notBefore || IsUnheldUsedUp(outputTokens))
        {
            _stepTokens = Math.Min(_stepTokens * 2, _outputTokensMax);
            var wanted = outputTokens + (bytes / StreamBytesPerToken) + _stepTokens;
            var more = TariffMath.Hold(_tariff, _inputTokens, Math.Min(wanted, _outputTokensMax)) - Amount;
            if (more > Usd.Zero)
            {
                await AskAsync(more);
            }

            if (_isLent)
            {
                Borrow(more);
            }
        }

        // Nobody could be asked: the answer goes on uncovered, so far and no further.
        var isUncovered = _isLent && outputTokens + (bytes / StreamBytesPerToken) > _covered;
        if (!IsLast && (isUncovered || IsUnheldUsedUp(outputTokens)))
        {
            IsLast = true;
            Cover();
        }

        return !IsLast;
    }

    private void Borrow(Usd more)
    {
        var lent = more > Usd.Zero && !IsLast ? grace.LendMore(_rid, more) : Usd.Zero;
        if (lent > Usd.Zero)
        {
            Amount += lent;
            (_notBefore, _retryPause) = (0, FirstRetryPause);
            Cover();
        }
    }

    private async ValueTask AskAsync(Usd more)
    {
        using var limit = new CancellationTokenSource(AskTimeout);
        try
        {
            var reply = await ExtendAsync(more, limit.Token);
            if (reply.Code is TillCode.Funds or TillCode.KeyCap)
            {
                // Not the whole step, but all that is left.
                if (reply.Available > Usd.Zero && reply.Available < more)
                {
                    await ExtendAsync(reply.Available, limit.Token);
                }

                IsLast = true;
                Cover();
            }
            else if (reply.Code == TillCode.Disabled)
            {
                IsLast = true;
                Cover();
            }
            else if (reply.Code != TillCode.Ok)
            {
                Postpone();
            }
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            Postpone();
        }
    }

    private bool IsUnheldUsedUp(long outputTokens) => _notBefore > 0 && _tariff.Output > 0
        && outputTokens >= _covered + Math.Min(options.UnheldTokensMax, TokensFor(Available));

    private async ValueTask<HoldReply> ExtendAsync(Usd more, CancellationToken cancellationToken)
    {
        var ttlMs = (int)options.HoldTtl.TotalMilliseconds;
        var reply = await till.ExtendAsync(
            _rid, _key!.Account, _key.Id, more, _key.SpendLimit, ttlMs, cancellationToken);
        if (reply.Code == TillCode.Ok)
        {
            (Amount, Available) = (Amount + more, reply.Available);
            (_notBefore, _retryPause) = (0, FirstRetryPause);
            _isLent = false;
            Cover();
        }

        return reply;
    }

    private void Postpone()
    {
        _notBefore = time.GetTimestamp() + (long)(_retryPause.TotalSeconds * time.TimestampFrequency);
        _retryPause = _retryPause * 2 < RetryPauseMax ? _retryPause * 2 : RetryPauseMax;
    }

    private long TokensFor(Usd amount) => (long)Int128.Clamp(
        (Int128)amount.Units * TariffMath.TokensPerPrice / _tariff.Output, 0, long.MaxValue / 2);

    private void Cover()
    {
        var forOutput = Amount - TariffMath.Hold(_tariff, _inputTokens, 0);
        _covered = _tariff.Output == 0 ? long.MaxValue : TokensFor(forOutput);
        _askAt = _covered >= _outputTokensMax ? long.MaxValue
            : IsLast ? long.MinValue
            : (long)((Int128)_covered * AskAtPerMille / 1000);
    }
}
