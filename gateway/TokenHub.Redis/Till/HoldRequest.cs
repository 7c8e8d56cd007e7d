using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Redis;

/// <summary>What one request asks to hold. A limit of null does not limit.</summary>
/// <param name="TtlMs">The hold may be reaped so long after the reservation or the last extension.</param>
/// <param name="KeyCap">Most that the key may spend in its life.</param>
/// <param name="UserMaxConcurrency">The account's own number of slots holds too: the lower of both counts.</param>
/// <param name="Rpm">Requests a minute of the key.</param>
/// <param name="Tpm">Tokens a minute. A request of more tokens than that never passes.</param>
/// <param name="Tokens">Tokens that this request counts for, until it is settled.</param>
/// <param name="UserRpm">Requests a minute of all keys of the account.</param>
public readonly record struct HoldRequest(
    RequestId Rid,
    long Account,
    long Key,
    Usd Amount,
    int TtlMs,
    int GatewayNo,
    int BootNo,
    Usd? KeyCap,
    int UserMaxConcurrency,
    int? KeyMaxConcurrency,
    int? Rpm,
    int? Tpm,
    long Tokens,
    int? UserRpm = null,
    int? UserTpm = null);

/// <param name="Available">
/// What the account has left afterwards; on <see cref="TillCode.Funds"/> what it has, on <see
/// cref="TillCode.KeyCap"/> what the key may still spend.
/// </param>
/// <param name="RetryAfterMs">On <see cref="TillCode.Rate"/>, when to try again.</param>
/// <param name="Rates">How the rates stand, where there are any and the till came as far as to look at them.</param>
public readonly record struct HoldReply(TillCode Code, Usd Available, int RetryAfterMs, RateState Rates = default);

/// <summary>
/// In how many microseconds all that was used of each rate will have flowed off, at most a minute; -1 where there is no
/// limit.
/// </summary>
public readonly record struct RateState(
    bool IsKnown, int KeyRequestsUs, int KeyTokensUs, int UserRequestsUs, int UserTokensUs);

/// <summary>An open hold to be put back where Redis has lost it.</summary>
public readonly record struct Rehold(RequestId Rid, long Key, Usd Amount, int TtlMs, int GatewayNo, int BootNo);

/// <summary>A hold whose deadline has passed by Redis' clock.</summary>
public readonly record struct DueHold(
    RequestId Rid, long Account, long Key, int GatewayNo, int BootNo, long DeadlineMs);

/// <summary>A charge that PostgreSQL may not have yet. The payload is the bytes given to the settlement.</summary>
public sealed record OutboxEntry(RequestId Rid, long Account, long Key, Usd Cost, byte[] Payload);

/// <summary>An account as Redis has it. <see cref="Available"/> is balance less held less unsettled.</summary>
public sealed record AccountState(Usd Balance, long Version, Usd Held, Usd Unsettled, int OpenHolds)
{
    public Usd Available => Balance - Held - Unsettled;
}
