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

    /// <summary>Another attempt begins: what the former one said no longer counts.</summary>
    public void Restart();

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

    /// <summary>True when the money is out and the answer must end here.</summary>
    public bool IsUsedUp { get; }
}

internal static class AnswerReaderFacts
{
    /// <summary>The protocol's own end has come. Many that speak Chat leave out the mark after the reason.</summary>
    public static bool IsWhole(this AnswerReader reader, Dialect dialect) =>
        reader.IsTerminal || (dialect == Dialect.Chat && !reader.HasError && reader.Finish.Length > 0);
}
