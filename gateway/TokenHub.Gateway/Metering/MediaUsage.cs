using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Metering;

/// <summary>
/// What a call for pictures or sound used: tokens as far as they are reported, pictures that came, sound by the
/// upstream's word, by its own bytes, or by the bound that was held for.
/// </summary>
internal static class MediaUsage
{
    // A report of longer sound than was sent is believed up to twice the length, and a minute for what is short.
    private const long SlackMs = 60_000;

    public static MeterReading Read(AnswerReader reader, Candidate candidate, MediaCall call)
    {
        if (!reader.HasContent && reader.Usage is not { IsEmpty: false })
        {
            return default;
        }

        var (tokens, isCounted, notes) = Tokens(reader, candidate, call);
        var media = call.Endpoint.IsPictures() ? new MediaUnits(Pictures(reader, call), 0, 0)
            : call.Endpoint == Endpoint.Speech
                ? new MediaUnits(0, reader.MadeMs ?? call.Units.AudioMs, call.Units.Characters)
                : new MediaUnits(0, HeardMs(reader, call, ref notes), 0);
        isCounted |= call.Endpoint.Hears() && (reader.HeardMs == 0 || notes.HasFlag(UsageNotes.BeyondLimit))
            && candidate.Tariff.AudioMinute is not null;
        isCounted |= call.Endpoint == Endpoint.Speech && reader.MadeMs is null
            && candidate.Tariff.AudioMinute is not null;
        return new MeterReading(tokens with { Media = media }, isCounted, notes);
    }

    // An upstream is paid for no more pictures than were asked for; one that was shown unfinished was begun.
    private static long Pictures(AnswerReader reader, MediaCall call) =>
        Math.Clamp(Math.Max(reader.Pictures, reader.HasContent ? 1 : 0), 0, call.Units.Images);

    private static long HeardMs(AnswerReader reader, MediaCall call, ref UsageNotes notes)
    {
        if (reader.HeardMs == 0)
        {
            return call.Units.AudioMs;
        }

        if (reader.HeardMs <= (call.Units.AudioMs * 2) + SlackMs)
        {
            return reader.HeardMs;
        }

        notes |= UsageNotes.BeyondLimit;
        return call.Units.AudioMs;
    }

    private static MeterReading Tokens(AnswerReader reader, Candidate candidate, MediaCall call)
    {
        var notes = reader.Faults.HasFlag(StreamFaults.UsageImpossible) ? UsageNotes.Impossible : UsageNotes.None;
        if (reader.Usage is { IsEmpty: false } reported)
        {
            if (IsPossible(reported, candidate, call))
            {
                return new MeterReading(reported, false, notes);
            }

            notes |= UsageNotes.BeyondLimit;
        }

        if (!MediaModels.IsSoldByTokens(call.Endpoint, candidate.UpstreamModel))
        {
            return new MeterReading(default, false, notes);
        }

        var output = call.Endpoint.IsPictures()
            ? Pictures(reader, call) * MediaModels.PictureTokensUsual
            : call.Endpoint == Endpoint.Speech
                ? ((reader.MadeMs ?? call.Units.AudioMs) * MediaModels.SpokenTokensPerSecond + 999) / 1000
            : reader.CountedOutputTokens;
        return new MeterReading(new TokenUsage { Input = call.InputTokens, Output = output }, true, notes);
    }

    private static bool IsPossible(in TokenUsage reported, Candidate candidate, MediaCall call) =>
        reported.Input <= candidate.Limits.InputMax
        && reported.Output <= candidate.Limits.OutputMax * Math.Max(1, call.Units.Images);
}
