using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>
/// Reads the sources of a candidate's text: a list of them, and beside it which stretch of the text is of which.
/// </summary>
internal static class GroundingReader
{
    public static void Read(Utf8JsonReader grounding, int index, GeminiStreamReader answer, IChatSink sink)
    {
        var chunks = grounding;
        if (!chunks.FindArray("groundingChunks"u8))
        {
            return;
        }

        var supports = grounding;
        var number = 0;
        for (var hasAny = supports.FindArray("groundingSupports"u8); hasAny && supports.NextObject(); number++)
        {
            ReadSupport(supports, number, chunks, index, answer, sink);
            while (supports.NextMember())
            {
                supports.SkipMember();
            }
        }

        var place = 0;
        while (NextSource(ref chunks, out var address, out var title))
        {
            answer.TakeSource(index, place++, address, title, sink);
        }
    }

    private static void ReadSupport(
        Utf8JsonReader support, int number, Utf8JsonReader chunks, int index, GeminiStreamReader answer,
        IChatSink sink)
    {
        var (from, to, part) = (0, 0, 0);
        var ofChunks = default(Utf8JsonReader);
        var hasChunks = false;
        while (support.NextMember())
        {
            if (support.NameIs("segment"u8) && support.BeginObject())
            {
                ReadSegment(ref support, out from, out to, out part);
            }
            else if (support.TokenType == JsonTokenType.PropertyName && support.NameIs("groundingChunkIndices"u8))
            {
                ofChunks = support;
                hasChunks = ofChunks.BeginArray();
                support.SkipMember();
            }
            else if (support.TokenType == JsonTokenType.PropertyName)
            {
                support.SkipMember();
            }
        }

        // Within a part behind the first the text is counted anew.
        var (first, behind) = part == 0 ? (from, to) : (0, 0);
        while (hasChunks && ofChunks.Read() && ofChunks.TokenType == JsonTokenType.Number)
        {
            if (ofChunks.TryGetInt32(out var wanted) && TryFind(chunks, wanted, out var address, out var title))
            {
                answer.TakeSupport(index, number, wanted, (first, behind), address, title, sink);
            }
        }

        answer.EndSupport(index, number);
    }

    private static void ReadSegment(scoped ref Utf8JsonReader reader, out int from, out int to, out int part)
    {
        (from, to, part) = (0, 0, 0);
        while (reader.NextMember())
        {
            if (reader.NameIs("startIndex"u8))
            {
                from = reader.ReadInt();
            }
            else if (reader.NameIs("endIndex"u8))
            {
                to = reader.ReadInt();
            }
            else if (reader.NameIs("partIndex"u8))
            {
                part = reader.ReadInt();
            }
            else
            {
                reader.SkipMember();
            }
        }
    }

    private static bool TryFind(
        Utf8JsonReader chunks, int wanted, out ReadOnlySpan<byte> address, out ReadOnlySpan<byte> title)
    {
        for (var number = 0; NextSource(ref chunks, out address, out title); number++)
        {
            if (number == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private static bool NextSource(
        scoped ref Utf8JsonReader chunks, out ReadOnlySpan<byte> address, out ReadOnlySpan<byte> title)
    {
        address = default;
        title = default;
        if (!chunks.NextObject())
        {
            return false;
        }

        while (chunks.NextMember())
        {
            if (chunks.NameIs("web"u8) || chunks.NameIs("retrievedContext"u8) || chunks.NameIs("maps"u8))
            {
                GeminiBodyReader.ReadPair(ref chunks, "uri"u8, out address, "title"u8, out title);
            }
            else
            {
                chunks.SkipMember();
            }
        }

        return true;
    }
}
