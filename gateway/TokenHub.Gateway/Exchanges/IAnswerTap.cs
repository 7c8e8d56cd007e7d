using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// What an answer is shown to as it passes, before it goes on: it is counted, and covered by money. The seam between
/// the rooms Forwarding and Metering.
/// </summary>
internal interface IAnswerTap
{
    /// <summary>What has been understood of the answer so far.</summary>
    public AnswerReader Reader { get; }

    /// <summary>An attempt at the serving channel begins: what a former one said no longer counts.</summary>
    public void BeginAttempt();

    /// <summary>
    /// The attempt is over: its outcome and what it used are noted in the exchange. The second time does nothing.
    /// </summary>
    public void EndAttempt(in AttemptEnd end);

    /// <summary>
    /// Notes an attempt that was never the exchange's own: one that lost a race, with what it had answered.
    /// </summary>
    public void AddLost(Candidate candidate, ReadOnlySpan<byte> bytes, in AttemptEnd end);

    /// <summary>Counts bytes of the answer. Nothing is kept, nothing waits.</summary>
    public void Take(ReadOnlySpan<byte> bytes);

    /// <summary>The upstream is through.</summary>
    public void Complete();

    /// <summary>True when so many bytes more are surely paid for.</summary>
    public bool Covers(int bytes);

    /// <summary>Sees to the money for so many bytes more. False when there is no more than is held already.</summary>
    public ValueTask<bool> CoverAsync(int bytes);

    /// <summary>What was used so far: what would be charged if the answer ended here.</summary>
    public TokenUsage Usage { get; }

    /// <summary>
    /// What was taken last goes too far beyond the money: it is not passed on, and not charged. False when it may pass.
    /// </summary>
    public bool TryWithhold();

    /// <summary>True when the money is out and the answer must end here.</summary>
    public bool IsUsedUp { get; }
}

/// <summary>What came of one try at one channel, as far as the account of it is concerned.</summary>
internal readonly record struct AttemptEnd(AnswerEnd End, AttemptFault Fault, int Status, int ElapsedMs);

internal static class AnswerReaderFacts
{
    /// <summary>
    /// The protocol's own end has come. Many that speak Chat leave out the mark after the reason; Converse's usage
    /// after it may be missing.
    /// </summary>
    public static bool IsWhole(this AnswerReader reader, Dialect dialect) =>
        reader.IsTerminal
        || (dialect is Dialect.Chat or Dialect.Converse && !reader.HasError && reader.Finish.Length > 0);
}
