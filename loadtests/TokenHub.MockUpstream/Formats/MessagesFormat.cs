namespace TokenHub.MockUpstream.Formats;

/// <summary>Anthropic messages.</summary>
internal sealed class MessagesFormat : AnswerFormat
{
    protected override int TextRepeatsAtEnd => 0;

    public override void Begin(ref Pen pen, MockAnswer answer)
    {
        pen.Add("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"id\":\"msg_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]"u8);
        pen.Add(",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":"u8);
        Usage(ref pen, answer, outputTokens: 1);
        pen.Add("}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0"u8);
        pen.Add(",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"u8);
        pen.Add("event: ping\ndata: {\"type\":\"ping\"}\n\n"u8);
    }

    public override void Chunk(ref Pen pen, MockAnswer answer, int index, long stampNs)
    {
        pen.Add("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0"u8);
        pen.Add(",\"delta\":{\"type\":\"text_delta\",\"text\":\""u8);
        pen.AddText(answer, index);
        pen.Add("\"}"u8);
        pen.AddStamp(answer, stampNs);
        pen.Add("}\n\n"u8);
    }

    public override void Finish(ref Pen pen, MockAnswer answer)
    {
        pen.Add("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"u8);
        pen.Add("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\""u8);
        pen.Add(",\"stop_sequence\":null},\"usage\":{\"input_tokens\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":"u8);
        pen.Add(answer.OutputTokens);
        pen.Add("}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    public override void Whole(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"model\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"id\":\"msg_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\""u8);
        pen.AddWholeText(answer);
        pen.Add("\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":"u8);
        Usage(ref pen, answer, answer.OutputTokens);
        pen.Add("}"u8);
    }

    public override void TokenCount(ref Pen pen, int tokens)
    {
        pen.Add("{\"input_tokens\":"u8);
        pen.Add(tokens);
        pen.Add("}"u8);
    }

    public override void Failure(ref Pen pen, int status, ReadOnlySpan<byte> message)
    {
        pen.Add("{\"type\":\"error\",\"error\":{\"type\":\""u8);
        pen.Add(status switch
        {
            401 => "authentication_error"u8,
            403 => "permission_error"u8,
            404 => "not_found_error"u8,
            429 => "rate_limit_error"u8,
            529 => "overloaded_error"u8,
            < 500 => "invalid_request_error"u8,
            _ => "api_error"u8,
        });
        pen.Add("\",\"message\":\""u8);
        pen.Add(message);
        pen.Add("\"},\"request_id\":\"req_mock\"}"u8);
    }

    private static void Usage(ref Pen pen, MockAnswer answer, int outputTokens)
    {
        pen.Add("{\"input_tokens\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0"u8);
        pen.Add(",\"cache_creation\":{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0}"u8);
        pen.Add(",\"output_tokens\":"u8);
        pen.Add(outputTokens);
        pen.Add(",\"service_tier\":\"standard\"}"u8);
    }
}
