using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;

namespace TokenHub.Redis.Channels;

/// <summary>A quota window in the period that holds now.</summary>
/// <param name="Name">See <see cref="WindowName"/>.</param>
/// <param name="Amount">The limit; for a recount what is used.</param>
public readonly record struct WindowClaim(string Name, QuotaKind Kind, long Amount, QuotaPeriod Period);

/// <summary>An attempt that wants a place at a channel. A limit of null does not limit.</summary>
/// <param name="Epoch">Of the counts that the caller believes; see <see cref="Till.EpochSum"/>.</param>
/// <param name="Tokens">To set aside until it is known what is used.</param>
/// <param name="Cost">Likewise, by the channel's price without factors.</param>
public readonly record struct SeatRequest(
    long Channel,
    long Epoch,
    RequestId Rid,
    int Attempt,
    int GatewayNo,
    int BootNo,
    int LeaseMs,
    int? Slots,
    int? Rpm,
    int? Tpm,
    long Tokens,
    Usd Cost);

/// <summary>What an attempt has used when it gives its place back.</summary>
public readonly record struct SeatReturn(
    long Channel, long Epoch, RequestId Rid, int Attempt, long Fence, int? Tpm, long Tokens, Usd Cost);

/// <summary>A place under way, with what is set aside for it.</summary>
public readonly record struct HeldSeat(RequestId Rid, int Attempt, long Fence, long Tokens, Usd Cost);

/// <summary>How a channel stands after a call.</summary>
/// <param name="NowMs">By Redis' clock.</param>
/// <param name="Used">Of the primary window, by attempts that are over.</param>
/// <param name="Held">Of the primary window, set aside for attempts under way.</param>
/// <param name="HourDemand">Used in about the last hour, in what the primary window counts.</param>
public readonly record struct SeatReply(
    SeatCode Code,
    int WaitMs,
    long Fence,
    long NowMs,
    int SlotsUsed,
    long Used,
    long Held,
    QuotaPeriod Period,
    long HourDemand);

/// <summary>A quota window as Redis has counted it.</summary>
public readonly record struct WindowCount(QuotaPeriod Period, long Used, long Held);
