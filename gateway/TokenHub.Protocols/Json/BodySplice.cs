using System.Buffers;

namespace TokenHub.Protocols.Json;

/// <summary>
/// Writes a scanned request body with the few values changed that the gateway answers for; every other byte is the
/// caller's own.
/// </summary>
public static class BodySplice
{
    /// <summary>
    /// Writes the body. A non-null <paramref name="model"/> takes the place of the model's value;
    /// <paramref name="includeUsage"/> asks a Chat stream for its usage when the caller did not.
    /// </summary>
    public static void Write(
        ReadOnlySpan<byte> body, in RequestFacts facts, string? model, bool includeUsage, IBufferWriter<byte> writer)
    {
        var usage = includeUsage && !facts.IncludeUsage ? UsageSplice(body, facts) : default;
        var hasModel = model is not null && facts.HasModel;
        var from = 0;
        if (hasModel && (usage.Text.IsEmpty || facts.ModelValue.Start.Value < usage.At))
        {
            from = WriteModel(body, facts, model!, from, writer);
            hasModel = false;
        }

        if (!usage.Text.IsEmpty)
        {
            writer.Write(body[from..usage.At]);
            writer.Write(usage.Text);
            from = usage.At + usage.Removed;
        }

        if (hasModel)
        {
            from = WriteModel(body, facts, model!, from, writer);
        }

        writer.Write(body[from..]);
    }

    private static int WriteModel(
        ReadOnlySpan<byte> body, in RequestFacts facts, string model, int from, IBufferWriter<byte> writer)
    {
        writer.Write(body[from..facts.ModelValue.Start.Value]);
        JsonText.Write(writer, model);
        return facts.ModelValue.End.Value;
    }

    private static Splice UsageSplice(ReadOnlySpan<byte> body, in RequestFacts facts)
    {
        if (facts.IncludeUsageValue.End.Value > 0)
        {
            return Splice.Replace(facts.IncludeUsageValue, "true"u8);
        }

        if (facts.StreamOptionsValue.End.Value == 0)
        {
            // After the value of stream, which every streaming body has; else at the start of the object.
            return facts.StreamValue.End.Value > 0
                ? new Splice(facts.StreamValue.End.Value, 0, ",\"stream_options\":{\"include_usage\":true}"u8)
                : new Splice(body.IndexOf((byte)'{') + 1, 0, "\"stream_options\":{\"include_usage\":true},"u8);
        }

        var (start, end) = (facts.StreamOptionsValue.Start.Value, facts.StreamOptionsValue.End.Value);
        if (body[start] != '{')
        {
            return Splice.Replace(facts.StreamOptionsValue, "{\"include_usage\":true}"u8);
        }

        var isEmpty = body[(start + 1)..(end - 1)].IndexOfAnyExcept(" \t\r\n"u8) < 0;
        return new Splice(start + 1, 0, isEmpty ? "\"include_usage\":true"u8 : "\"include_usage\":true,"u8);
    }

    private readonly ref struct Splice(int at, int removed, ReadOnlySpan<byte> text)
    {
        public readonly int At = at;
        public readonly int Removed = removed;
        public readonly ReadOnlySpan<byte> Text = text;

        public static Splice Replace(Range value, ReadOnlySpan<byte> text) =>
            new(value.Start.Value, value.End.Value - value.Start.Value, text);
    }
}
