using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace TokenHub.MockUpstream;

/// <summary>What of a request's body decides the answer.</summary>
public readonly record struct MockRequest
{
    public ReadOnlyMemory<byte> Model { get; init; }

    public bool IsStream { get; init; }

    public bool IncludesUsage { get; init; }

    public ulong Seed { get; init; }

    public int BodyBytes { get; init; }

    /// <summary>False when the body is no JSON object.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> body, out MockRequest request)
    {
        request = new MockRequest { BodyBytes = (int)body.Length };
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read())
            {
                Apply(ref reader, ref request);
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Apply(ref Utf8JsonReader reader, ref MockRequest request)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            request = request with { Seed = SeedOf(ref reader) ?? request.Seed };
        }
        else if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth > 2)
        {
            return;
        }
        else if (reader.CurrentDepth == 1 && reader.ValueTextEquals("model"u8))
        {
            reader.Read();
            request = request with { Model = Bytes(ref reader) };
        }
        else if (reader.CurrentDepth == 1 && reader.ValueTextEquals("stream"u8))
        {
            reader.Read();
            request = request with { IsStream = reader.TokenType == JsonTokenType.True };
        }
        else if (reader.CurrentDepth == 2 && reader.ValueTextEquals("include_usage"u8))
        {
            reader.Read();
            request = request with { IncludesUsage = reader.TokenType == JsonTokenType.True };
        }
    }

    private static byte[] Bytes(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? []
            : reader.HasValueSequence ? reader.ValueSequence.ToArray()
            : reader.ValueSpan.ToArray();

    private static ulong? SeedOf(ref Utf8JsonReader reader)
    {
        if (!reader.HasValueSequence)
        {
            return SeedOf(reader.ValueSpan);
        }

        Span<byte> start = stackalloc byte[32];
        var count = (int)Math.Min(start.Length, reader.ValueSequence.Length);
        reader.ValueSequence.Slice(0, count).CopyTo(start);
        return SeedOf(start[..count]);
    }

    private static ulong? SeedOf(ReadOnlySpan<byte> text) =>
        text.StartsWith("seed "u8) && Utf8Parser.TryParse(text[5..], out ulong seed, out _) ? seed : null;
}
