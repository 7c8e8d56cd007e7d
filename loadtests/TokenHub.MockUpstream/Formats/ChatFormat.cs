namespace TokenHub.MockUpstream.Formats;

/// <summary>OpenAI chat completions.</summary>
internal sealed class ChatFormat : AnswerFormat
{
    protected override int TextRepeatsAtEnd => 0;

    public override void Begin(ref Pen pen, MockAnswer answer)
    {
        Head(ref pen, answer);
        pen.Add("[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"u8);
        pen.Add(",\"logprobs\":null,\"finish_reason\":null}]"u8);
        Tail(ref pen, answer);
    }

    public override void Chunk(ref Pen pen, MockAnswer answer, int index, long stampNs)
    {
        Head(ref pen, answer);
        pen.Add("[{\"index\":0,\"delta\":{\"content\":\""u8);
        pen.AddText(answer, index);
        pen.Add("\"},\"logprobs\":null,\"finish_reason\":null}]"u8);
        if (answer.IncludesUsage)
        {
            pen.Add(",\"usage\":null"u8);
        }

        pen.AddStamp(answer, stampNs);
        pen.Add("}\n\n"u8);
    }

    public override void Finish(ref Pen pen, MockAnswer answer)
    {
        Head(ref pen, answer);
        pen.Add("[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]"u8);
        Tail(ref pen, answer);
        if (answer.IncludesUsage)
        {
            Head(ref pen, answer);
            pen.Add("[]"u8);
            Usage(ref pen, answer);
            pen.Add("}\n\n"u8);
        }

        pen.Add("data: [DONE]\n\n"u8);
    }

    public override void Whole(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"id\":\"chatcmpl-mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"object\":\"chat.completion\",\"created\":"u8);
        pen.Add(answer.Created);
        pen.Add(",\"model\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""u8);
        pen.AddWholeText(answer);
        pen.Add("\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}]"u8);
        Usage(ref pen, answer);
        pen.Add(",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\"}"u8);
    }

    // OpenAI has no such call; nothing routes here.
    public override void TokenCount(ref Pen pen, int tokens) => pen.Add("{}"u8);

    public override void Failure(ref Pen pen, int status, ReadOnlySpan<byte> message)
    {
        pen.Add("{\"error\":{\"message\":\""u8);
        pen.Add(message);
        pen.Add("\",\"type\":\""u8);
        pen.Add(status switch
        {
            401 => "authentication_error"u8,
            429 => "rate_limit_error"u8,
            < 500 => "invalid_request_error"u8,
            _ => "server_error"u8,
        });
        pen.Add("\",\"param\":null,\"code\":"u8);
        pen.Add(status switch
        {
            404 => "\"model_not_found\""u8,
            429 => "\"rate_limit_exceeded\""u8,
            _ => "null"u8,
        });
        pen.Add("}}"u8);
    }

    private static void Head(ref Pen pen, MockAnswer answer)
    {
        pen.Add("data: {\"id\":\"chatcmpl-mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"object\":\"chat.completion.chunk\",\"created\":"u8);
        pen.Add(answer.Created);
        pen.Add(",\"model\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":"u8);
    }

    private static void Tail(ref Pen pen, MockAnswer answer)
    {
        if (answer.IncludesUsage)
        {
            pen.Add(",\"usage\":null"u8);
        }

        pen.Add("}\n\n"u8);
    }

    private static void Usage(ref Pen pen, MockAnswer answer)
    {
        pen.Add(",\"usage\":{\"prompt_tokens\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add(",\"completion_tokens\":"u8);
        pen.Add(answer.OutputTokens);
        pen.Add(",\"total_tokens\":"u8);
        pen.Add(answer.InputTokens + answer.OutputTokens);
        pen.Add(",\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0}"u8);
        pen.Add(",\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0"u8);
        pen.Add(",\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"u8);
    }
}
