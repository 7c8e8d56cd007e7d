namespace TokenHub.MockUpstream.Formats;

/// <summary>OpenAI responses.</summary>
internal sealed class ResponsesFormat : AnswerFormat
{
    /// <summary>Events before the first delta; sequence numbers go on from there.</summary>
    private const int EventsAtBegin = 4;

    protected override int TextRepeatsAtEnd => 4;

    public override void Begin(ref Pen pen, MockAnswer answer)
    {
        Event(ref pen, "response.created"u8, 0);
        pen.Add(",\"response\":"u8);
        Response(ref pen, answer, isWhole: false);
        pen.Add("}\n\n"u8);
        Event(ref pen, "response.in_progress"u8, 1);
        pen.Add(",\"response\":"u8);
        Response(ref pen, answer, isWhole: false);
        pen.Add("}\n\n"u8);
        Event(ref pen, "response.output_item.added"u8, 2);
        pen.Add(",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n"u8);
        Event(ref pen, "response.content_part.added"u8, 3);
        Place(ref pen, answer);
        pen.Add(",\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n"u8);
    }

    public override void Chunk(ref Pen pen, MockAnswer answer, int index, long stampNs)
    {
        Event(ref pen, "response.output_text.delta"u8, EventsAtBegin + index);
        Place(ref pen, answer);
        pen.Add(",\"delta\":\""u8);
        pen.AddText(answer, index);
        pen.Add("\",\"logprobs\":[]"u8);
        pen.AddStamp(answer, stampNs);
        pen.Add("}\n\n"u8);
    }

    public override void Finish(ref Pen pen, MockAnswer answer)
    {
        var number = EventsAtBegin + answer.Script.Chunks;
        Event(ref pen, "response.output_text.done"u8, number);
        Place(ref pen, answer);
        pen.Add(",\"text\":\""u8);
        pen.AddWholeText(answer);
        pen.Add("\",\"logprobs\":[]}\n\n"u8);
        Event(ref pen, "response.content_part.done"u8, number + 1);
        Place(ref pen, answer);
        pen.Add(",\"part\":"u8);
        Part(ref pen, answer);
        pen.Add("}\n\n"u8);
        Event(ref pen, "response.output_item.done"u8, number + 2);
        pen.Add(",\"output_index\":0,\"item\":"u8);
        Item(ref pen, answer);
        pen.Add("}\n\n"u8);
        Event(ref pen, "response.completed"u8, number + 3);
        pen.Add(",\"response\":"u8);
        Response(ref pen, answer, isWhole: true);
        pen.Add("}\n\n"u8);
    }

    public override void Whole(ref Pen pen, MockAnswer answer) => Response(ref pen, answer, isWhole: true);

    public override void TokenCount(ref Pen pen, int tokens)
    {
        pen.Add("{\"object\":\"response.input_tokens\",\"input_tokens\":"u8);
        pen.Add(tokens);
        pen.Add("}"u8);
    }

    public override void Failure(ref Pen pen, int status, ReadOnlySpan<byte> message) =>
        Of(MockDialect.Chat).Failure(ref pen, status, message);

    private static void Event(ref Pen pen, ReadOnlySpan<byte> name, int number)
    {
        pen.Add("event: "u8);
        pen.Add(name);
        pen.Add("\ndata: {\"type\":\""u8);
        pen.Add(name);
        pen.Add("\",\"sequence_number\":"u8);
        pen.Add(number);
    }

    private static void Place(ref Pen pen, MockAnswer answer)
    {
        pen.Add(",\"item_id\":\"msg_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"output_index\":0,\"content_index\":0"u8);
    }

    private static void Response(ref Pen pen, MockAnswer answer, bool isWhole)
    {
        pen.Add("{\"id\":\"resp_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"object\":\"response\",\"created_at\":"u8);
        pen.Add(answer.Created);
        pen.Add(isWhole ? ",\"status\":\"completed\""u8 : ",\"status\":\"in_progress\""u8);
        pen.Add(",\"background\":false,\"error\":null,\"incomplete_details\":null,\"instructions\":null"u8);
        pen.Add(",\"max_output_tokens\":null,\"model\":\""u8);
        pen.Add(answer.Model.Span);
        pen.Add("\",\"output\":["u8);
        if (isWhole)
        {
            Item(ref pen, answer);
        }

        pen.Add("],\"parallel_tool_calls\":true,\"previous_response_id\":null"u8);
        pen.Add(",\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,\"temperature\":1.0"u8);
        pen.Add(",\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0"u8);
        pen.Add(",\"truncation\":\"disabled\",\"usage\":"u8);
        if (isWhole)
        {
            Usage(ref pen, answer);
        }
        else
        {
            pen.Add("null"u8);
        }

        pen.Add(",\"user\":null,\"metadata\":{}}"u8);
    }

    private static void Item(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"type\":\"message\",\"id\":\"msg_mock"u8);
        pen.Add(answer.Seed);
        pen.Add("\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":["u8);
        Part(ref pen, answer);
        pen.Add("]}"u8);
    }

    private static void Part(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"type\":\"output_text\",\"text\":\""u8);
        pen.AddWholeText(answer);
        pen.Add("\",\"annotations\":[],\"logprobs\":[]}"u8);
    }

    private static void Usage(ref Pen pen, MockAnswer answer)
    {
        pen.Add("{\"input_tokens\":"u8);
        pen.Add(answer.InputTokens);
        pen.Add(",\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":"u8);
        pen.Add(answer.OutputTokens);
        pen.Add(",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":"u8);
        pen.Add(answer.InputTokens + answer.OutputTokens);
        pen.Add("}"u8);
    }
}
