namespace TokenHub.MockUpstream.Formats;

/// <summary>Gemini's generateContent: events without names, CRLF, usage that grows with every chunk.</summary>
internal sealed class GeminiFormat : AnswerFormat
{
    protected override int TextRepeatsAtEnd => 0;

    public override void Begin(ref Pen pen, MockAnswer answer)
    {
        if (answer.IsArray)
        {
            pen.Add("["u8);
        }
    }

    public override void Chunk(ref Pen pen, MockAnswer answer, int index, long stampNs)
    {
        pen.Add(!answer.IsArray ? "data: "u8 : index > 0 ? ",\r\n"u8 : ""u8);
        pen.Add("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\""u8);
        pen.AddText(answer, index);
        pen.Add("\"}],\"role\":\"model\"},\"index\":0}]"u8);
        Tail(ref pen, answer, index + 1);
        pen.AddStamp(answer, stampNs);
        pen.Add(answer.IsArray ? "}\n"u8 : "}\r\n\r\n"u8);
    }

    public override void Finish(ref Pen pen, MockAnswer answer)
    {
        pen.Add(!answer.IsArray ? "data: "u8 : answer.Script.Chunks > 0 ? ",\r\n"u8 : ""u8);
        pen.Add("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"}"u8);
        pen.Add(",\"finishReason\":\"STOP\",\"index\":0}]"u8);
        Tail(ref pen, answer, answer.OutputTokens);
        pen.Add(answer.IsArray ? "}]"u8 : "}\r\n\r\n"u8);
    }

    public override void Whole(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\""u8);
        pen.AddWholeText(answer);
        pen.Add("\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}]"u8);
        Tail(ref pen, answer, answer.OutputTokens);
        pen.Add("}"u8);
    }

    public override void TokenCount(ref Pen pen, int tokens)
    {
        pen.Add("{\"totalTokens\":"u8);
        pen.Add(tokens);
        pen.Add(",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":"u8);
        pen.Add(tokens);
        pen.Add("}]}"u8);
    }

    public override void Failure(ref Pen pen, int status, ReadOnlySpan<byte> message)
    {
        pen.Add("{\"error\":{\"code\":"u8);
        pen.Add(status);
        pen.Add(",\"message\":\""u8);
        pen.Add(message);
        pen.Add("\",\"status\":\""u8);
        pen.Add(status switch
        {
            401 => "UNAUTHENTICATED"u8,
            403 => "PERMISSION_DENIED"u8,
            404 => "NOT_FOUND"u8,
            429 => "RESOURCE_EXHAUSTED"u8,
            503 => "UNAVAILABLE"u8,
            504 => "DEADLINE_EXCEEDED"u8,
            < 500 => "INVALID_ARGUMENT"u8,
            _ => "INTERNAL"u8,
        });
        pen.Add("\"}}"u8);
    }

    private static void Tail(ref Pen pen, MockAnswer answer, int outputTokens)
    {
        pen.Add(",\"usageMetadata\":{\"promptTokenCount\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add(",\"candidatesTokenCount\":"u8);
        pen.Add(outputTokens);
        pen.Add(",\"totalTokenCount\":"u8);
        pen.Add(answer.InputTokens + outputTokens);
        pen.Add(",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add("}]},\"modelVersion\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"responseId\":\"mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\""u8);
    }
}
