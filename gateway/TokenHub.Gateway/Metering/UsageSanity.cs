using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Metering;

/// <summary>What one answer used, and what was odd about the upstream's word for it.</summary>
/// <param name="IsCounted">The gateway's own count stands in it, in place of what the upstream did not say.</param>
internal readonly record struct MeterReading(TokenUsage Usage, bool IsCounted, UsageNotes Notes);

/// <summary>
/// Believes an upstream's report as far as it can be: what is impossible is replaced by the gateway's own count; what
/// is possible stands, and is noted when it is far from that count. An untrusted channel is held to the band around it.
/// </summary>
internal static class UsageSanity
{
    /// <summary>Tokens that the band is wider on each side: half and twice say little of a short answer.</summary>
    public const long BandSlackTokens = 16;

    // Each pass of a server-side loop (compaction, advisors) has a context of its own.
    private const int PassesMax = 8;

    public static MeterReading Read(AnswerReader reader, Candidate candidate, long inputEstimate, int answers)
    {
        var counted = reader.CountedOutputTokens;
        var isSeen = reader.HasContent || counted > 0;
        var notes = NotesOf(reader, candidate);
        if (reader.Usage is not { } reported || (reported.IsEmpty && isSeen))
        {
            // Without a report and without a word of the answer, nothing is known to have been served.
            var own = isSeen ? new TokenUsage { Input = inputEstimate, Output = counted } : default;
            return new MeterReading(own, isSeen, notes);
        }

        var usage = reported;
        var isFinal = reader.UsageIsFinal && (usage.Output > 0 || counted == 0);
        if (!isFinal)
        {
            usage = usage with
            {
                Input = usage.Input > 0 ? usage.Input : inputEstimate,
                Output = Math.Max(usage.Output, counted),
            };
        }

        var limited = Limit(usage, candidate.Limits, reader, inputEstimate, answers);
        var isReplaced = limited != usage;
        notes |= isReplaced ? UsageNotes.BeyondLimit : UsageNotes.None;
        if (limited.Output == reported.Output)
        {
            limited = Compare(limited, reader, candidate.Channel.TrustsUsage, ref notes);
        }

        return new MeterReading(limited, isReplaced || !isFinal, notes);
    }

    /// <summary>The report's output as far as it may steer a hold, and be billed after a crash.</summary>
    public static long Believable(long output, long counted, Candidate candidate, int answers) =>
        output > candidate.Limits.OutputMax * Math.Max(1, answers) ? 0
        : candidate.Channel.TrustsUsage ? output
        : Math.Min(output, BandEnd(counted));

    private static long BandEnd(long counted) => (counted * 2) + BandSlackTokens;

    private static TokenUsage Limit(
        in TokenUsage usage, in TokenLimits limits, AnswerReader reader, long inputEstimate, int answers)
    {
        var limited = usage;
        if (usage.Input > limits.InputMax * Math.Clamp(reader.Iterations, 1, PassesMax))
        {
            limited = new TokenUsage { Input = inputEstimate, Output = usage.Output, Reasoning = usage.Reasoning };
        }

        if (usage.Output > limits.OutputMax * Math.Max(1, answers))
        {
            var counted = reader.CountedOutputTokens;
            limited = limited with { Output = counted, Reasoning = Math.Min(usage.Reasoning, counted) };
        }

        return limited;
    }

    // Only where the own count means something: of pictures, and of thoughts that are not shown, nothing is counted.
    private static TokenUsage Compare(
        in TokenUsage usage, AnswerReader reader, bool isTrusted, ref UsageNotes notes)
    {
        var counted = reader.CountedOutputTokens;
        var (low, high) = (Math.Max(0, (counted / 2) - BandSlackTokens), BandEnd(counted));
        if (isTrusted)
        {
            var hidden = reader.ReasoningBytes == 0 ? Math.Min(usage.Reasoning, usage.Output) : 0;
            var isFar = usage.Output - hidden < low || usage.Output - hidden > high;
            notes |= isFar && reader.OutputTextBytes > 0 ? UsageNotes.FarOff : UsageNotes.None;
            return usage;
        }

        var held = Math.Clamp(usage.Output, low, high);
        if (held == usage.Output || (reader.OutputTextBytes == 0 && reader.HasOpaque))
        {
            return usage;
        }

        notes |= UsageNotes.Clamped;
        return usage with { Output = held, Reasoning = Math.Min(usage.Reasoning, held) };
    }

    // Azure is asked for a deployment, whose name says nothing; Bedrock for its own name of a maker's model.
    private static bool IsAskedModel(AnswerReader reader, Candidate candidate) =>
        candidate.Channel.Provider == Provider.Azure
        || ModelNames.AreSame(reader.ModelUtf8, candidate.Channel.Provider == Provider.Bedrock
            ? BedrockSite.MakersName(candidate.UpstreamModel)
            : candidate.UpstreamModel);

    private static UsageNotes NotesOf(AnswerReader reader, Candidate candidate)
    {
        var faults = reader.Faults;
        return (faults.HasFlag(StreamFaults.UsageImpossible) ? UsageNotes.Impossible : UsageNotes.None)
            | (faults.HasFlag(StreamFaults.UsageDecreased) ? UsageNotes.Decreasing : UsageNotes.None)
            | (faults.HasFlag(StreamFaults.OtherModel) ? UsageNotes.MixedModels : UsageNotes.None)
            | (IsAskedModel(reader, candidate) ? UsageNotes.None : UsageNotes.OtherModel);
    }
}
