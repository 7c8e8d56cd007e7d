using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// What the in-flight table keeps of a request that holds money, enough to bill it without any other source.
/// </summary>
public readonly record struct OpenRequest(
    RequestId Rid,
    long Account,
    long Key,
    long Channel,
    long OwnerAccount,
    int OwnerShareBp,
    Tariff Tariff,
    Dialect Dialect,
    bool IsStream,
    string Model,
    Usd Hold,
    long InputEstimate,
    long StartedMs)
{
    /// <summary>Pictures, sound and text read aloud that are charged once anything of the answer was served.</summary>
    public MediaUnits Media { get; init; }
}

/// <summary>How far a request has come: tokens in, tokens out so far, and the whole amount held.</summary>
public readonly record struct InFlightCounters(long Input, long Output, Usd Hold);

/// <summary>An attempt of an open request that is over, and its place among the request's attempts.</summary>
public readonly record struct PastAttempt(RequestId Rid, int Place, AttemptRecord Attempt);
