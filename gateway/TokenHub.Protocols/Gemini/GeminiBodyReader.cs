using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Gemini.Parts;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Reads a GenerateContentResponse, which is an event of a stream and an answer in one piece alike, or an array of
/// them. Members may come in any order.
/// </summary>
internal static class GeminiBodyReader
{
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static void Read(ReadOnlySpan<byte> body, GeminiStreamReader answer, IChatSink sink)
    {
        var reader = JsonRaw.NewReader(body);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadResponse(ref reader, answer, sink);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.NextObject())
            {
                ReadResponse(ref reader, answer, sink);
            }
        }
    }

    private static void ReadResponse(scoped ref Utf8JsonReader reader, GeminiStreamReader answer, IChatSink sink)
    {
        ReadOnlySpan<byte> id = default, model = default, blocked = default, told = default;
        var candidates = default(Utf8JsonReader);
        var hasCandidates = false;
        while (reader.NextMember())
        {
            if (reader.NameIs("candidates"u8) && answer.IsStarted)
            {
                // The answer's id, which comes behind them, is told already.
                ReadCandidates(ref reader, answer, sink);
            }
            else if (reader.NameIs("candidates"u8))
            {
                candidates = reader;
                hasCandidates = true;
                reader.SkipMember();
            }
            else if (reader.NameIs("responseId"u8))
            {
                id = reader.ReadText();
            }
            else if (reader.NameIs("modelVersion"u8))
            {
                model = reader.ReadText();
            }
            else if (reader.NameIs("promptFeedback"u8))
            {
                ReadPair(ref reader, "blockReason"u8, out blocked, "blockReasonMessage"u8, out told);
            }
            else if (!reader.NameIs("response"u8))
            {
                reader.SkipMember();
            }
            else if (reader.BeginObject())
            {
                ReadResponse(ref reader, answer, sink);
            }
        }

        if (hasCandidates || !blocked.IsEmpty)
        {
            answer.Start(id, model, sink);
            if (hasCandidates)
            {
                ReadCandidates(ref candidates, answer, sink);
            }

            answer.End(0, blocked.IsEmpty ? StopReason.None : StopReason.Filtered, told);
        }
    }

    private static void ReadCandidates(scoped ref Utf8JsonReader reader, GeminiStreamReader answer, IChatSink sink)
    {
        if (!reader.BeginArray())
        {
            return;
        }

        for (var place = 0; reader.NextObject(); place++)
        {
            ReadCandidate(ref reader, place, answer, sink);
        }
    }

    private static void ReadCandidate(
        scoped ref Utf8JsonReader reader, int place, GeminiStreamReader answer, IChatSink sink)
    {
        var index = place;
        ReadOnlySpan<byte> finish = default, told = default;
        var content = default(Utf8JsonReader);
        var grounding = default(Utf8JsonReader);
        var (hasContent, hasGrounding, hasChances) = (false, false, false);
        while (reader.NextMember())
        {
            if (reader.NameIs("content"u8))
            {
                content = reader;
                hasContent = true;
                reader.SkipMember();
            }
            else if (reader.NameIs("index"u8))
            {
                index = reader.ReadInt();
            }
            else if (reader.NameIs("finishReason"u8))
            {
                finish = reader.ReadText();
            }
            else if (reader.NameIs("finishMessage"u8))
            {
                told = reader.ReadText();
            }
            else if (reader.NameIs("groundingMetadata"u8))
            {
                grounding = reader;
                hasGrounding = true;
                reader.SkipMember();
            }
            else if (reader.NameIs("logprobsResult"u8))
            {
                reader.Read();
                hasChances = answer.NoteChances(ref reader);
            }
            else
            {
                reader.SkipMember();
            }
        }

        if (hasContent)
        {
            ReadParts(content, index, answer, sink);
        }

        if (hasChances)
        {
            answer.EndChances(index, sink);
        }

        if (hasGrounding)
        {
            GroundingReader.Read(grounding, index, answer, sink);
        }

        answer.End(index, GeminiStop.ReasonOf(finish), told);
    }

    private static void ReadParts(Utf8JsonReader reader, int index, GeminiStreamReader answer, IChatSink sink)
    {
        if (!reader.FindArray("parts"u8))
        {
            return;
        }

        while (reader.NextObject())
        {
            answer.TakePart(index, GeminiPart.ReadMembers(ref reader), sink);
        }
    }

    // From a name to the array of a name within the object behind it.
    internal static bool FindArray(this scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.BeginObject())
        {
            return false;
        }

        while (reader.NextMember())
        {
            if (reader.NameIs(name))
            {
                return reader.BeginArray();
            }

            reader.SkipMember();
        }

        return false;
    }

    internal static void ReadPair(
        scoped ref Utf8JsonReader reader,
        ReadOnlySpan<byte> firstName,
        out ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> secondName,
        out ReadOnlySpan<byte> second)
    {
        first = default;
        second = default;
        if (!reader.BeginObject())
        {
            return;
        }

        while (reader.NextMember())
        {
            if (reader.NameIs(firstName))
            {
                first = reader.ReadText();
            }
            else if (reader.NameIs(secondName))
            {
                second = reader.ReadText();
            }
            else
            {
                reader.SkipMember();
            }
        }
    }
}
