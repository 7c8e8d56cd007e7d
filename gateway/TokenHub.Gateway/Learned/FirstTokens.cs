using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Learned;

/// <summary>
/// Learns how long each channel takes to its first token, from streams that ended well and said something. What is
/// learnt stands in the channel's <see cref="ChannelLive"/>.
/// </summary>
internal static class FirstTokens
{
    // Beside the live state and as long as it: channels are few, and this is no business of the choice.
    private static readonly ConditionalWeakTable<ChannelLive, Estimate> Estimates = [];

    public static void Note(ChannelLive live, int firstTokenMs)
    {
        var estimate = Estimates.GetOrCreateValue(live);
        lock (estimate)
        {
            // Nothing takes no time: 0 stands for what is not known.
            estimate.Buckets.Add(Math.Max(1, firstTokenMs));
            live.FirstTokenMs = estimate.Buckets.Quantile(50);
            live.FirstTokenP95Ms = estimate.Buckets.Quantile(95);
        }
    }

    private sealed class Estimate
    {
        // A field: it is a struct that changes.
        public QuantileBuckets Buckets;
    }
}
