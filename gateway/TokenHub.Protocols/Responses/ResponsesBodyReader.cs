using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi;
using static TokenHub.Protocols.Responses.ResponsesItems;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// Reads what is whole: a Response, as a body or in the last event, and an item when it is done. Of an item that came
/// in pieces only what they left out is told.
/// </summary>
internal sealed class ResponsesBodyReader(ResponsesItems items)
{
    /// <summary>A Response's outer members.</summary>
    public static ResponsesAnswer Read(ReadOnlySpan<byte> response)
    {
        JsonSlice id = default, model = default, status = default, error = default, details = default;
        JsonSlice output = default;
        for (var walk = new JsonWalk(response); walk.NextMember();)
        {
            if (walk.NameIs("id"u8))
            {
                id = walk.Value();
            }
            else if (walk.NameIs("model"u8))
            {
                model = walk.Value();
            }
            else if (walk.NameIs("status"u8))
            {
                status = walk.Value();
            }
            else if (walk.NameIs("error"u8))
            {
                error = walk.Value();
            }
            else if (walk.NameIs("incomplete_details"u8))
            {
                details = walk.Value();
            }
            else if (walk.NameIs("output"u8))
            {
                output = walk.Value();
            }
        }

        return new ResponsesAnswer
        {
            Id = id, Model = model, Status = status, Details = details, Output = output, IsError = error.IsTruthy,
        };
    }

    /// <summary>The items that no event has told of.</summary>
    public void ReadOutput(JsonSlice output, IChatSink sink)
    {
        var kinds = 0;
        for (var kind = ItemKind.Message; kind <= ItemKind.Image; kind++)
        {
            kinds |= items.HasKind(kind) ? 1 << (int)kind : 0;
        }

        // Beyond the indices of a stream, whose items count differently from those of a list.
        var index = 1 << 20;
        for (var walk = new JsonWalk(output); walk.NextItem(out var item); index++)
        {
            var kind = ReadKind(item);
            if ((kinds & (1 << (int)kind)) == 0 && items.FindOrAdd(index, kind) is { } known)
            {
                ReadItem(known, item, sink);
            }
        }
    }

    /// <summary>An item that is done.</summary>
    public void ReadItem(Item item, JsonSlice value, IChatSink sink)
    {
        var members = new Members();
        members.Read(value);
        switch (item.Kind)
        {
            case ItemKind.Message when !item.HasText:
                ReadContent(item, members.Content, sink);
                break;
            case ItemKind.Reasoning:
                ReadReasoning(item, members, sink);
                break;
            case ItemKind.Function or ItemKind.FreeForm:
                items.Call(item, members.CallId.Text, members.Name.Text, sink);
                if (!item.HasText)
                {
                    items.Arguments(item, members.Arguments.Text, sink);
                }

                EndCall(item, sink);
                break;
            case ItemKind.Image when !item.IsDone && !members.Result.Text.IsEmpty:
                item.IsDone = true;
                sink.Take(new ChatEvent(ChatEventKind.Image) { Name = "image/png"u8, Text = members.Result.Text });
                break;
        }
    }

    /// <summary>An item begins: a call is told at once.</summary>
    public void BeginItem(int index, JsonSlice value, IChatSink sink)
    {
        if (items.FindOrAdd(index, ReadKind(value)) is { Kind: ItemKind.Function or ItemKind.FreeForm } item)
        {
            var members = new Members();
            members.Read(value);
            items.Call(item, members.CallId.Text, members.Name.Text, sink);
        }
    }

    public static ItemKind ReadKind(JsonSlice item)
    {
        for (var walk = new JsonWalk(item); walk.NextMember();)
        {
            if (walk.NameIs("type"u8))
            {
                return KindOf(walk.Value().Text);
            }
        }

        return ItemKind.Other;
    }

    /// <summary>A source of the text.</summary>
    public static void ReadAnnotation(JsonSlice note, IChatSink sink)
    {
        var source = new OpenAiSource();
        source.Read(note);
        if (source.Type.Text.SequenceEqual("url_citation"u8) && !source.Url.Text.IsEmpty)
        {
            sink.Take(source.ToEvent(choice: 0));
        }
    }

    private void ReadContent(Item item, JsonSlice content, IChatSink sink)
    {
        for (var walk = new JsonWalk(content); walk.NextItem(out var part);)
        {
            JsonSlice text = default, refusal = default, notes = default, chances = default;
            for (var members = new JsonWalk(part); members.NextMember();)
            {
                if (members.NameIs("text"u8))
                {
                    text = members.Value();
                }
                else if (members.NameIs("refusal"u8))
                {
                    refusal = members.Value();
                }
                else if (members.NameIs("annotations"u8))
                {
                    notes = members.Value();
                }
                else if (members.NameIs("logprobs"u8))
                {
                    chances = members.Value();
                }
            }

            items.Text(item, ChatEventKind.Text, text.Text, sink, chances);
            items.Text(item, ChatEventKind.Refusal, refusal.Text, sink);
            for (var list = new JsonWalk(notes); list.NextItem(out var note);)
            {
                ReadAnnotation(note, sink);
            }
        }
    }

    private void ReadReasoning(Item item, in Members members, IChatSink sink)
    {
        if (!item.HasText)
        {
            ReadThoughts(item, members.Summary, sink);
        }

        if (!item.HasText)
        {
            ReadThoughts(item, members.Content, sink);
        }

        items.EndReasoning(item, members.Encrypted.Text, members.Id.Text, sink);
    }

    private void ReadThoughts(Item item, JsonSlice parts, IChatSink sink)
    {
        var number = 0;
        for (var walk = new JsonWalk(parts); walk.NextItem(out var part); number++)
        {
            for (var members = new JsonWalk(part); members.NextMember();)
            {
                if (members.NameIs("text"u8))
                {
                    items.Reasoning(item, number, members.Value().Text, sink);
                }
            }
        }
    }

    /// <summary>The members of items of all kinds that count.</summary>
    private ref struct Members
    {
        public JsonSlice Id;
        public JsonSlice CallId;
        public JsonSlice Name;
        public JsonSlice Arguments;
        public JsonSlice Content;
        public JsonSlice Summary;
        public JsonSlice Encrypted;
        public JsonSlice Result;

        public void Read(JsonSlice item)
        {
            for (var walk = new JsonWalk(item); walk.NextMember();)
            {
                if (walk.NameIs("id"u8))
                {
                    Id = walk.Value();
                }
                else if (walk.NameIs("call_id"u8))
                {
                    CallId = walk.Value();
                }
                else if (walk.NameIs("name"u8))
                {
                    Name = walk.Value();
                }
                else if (walk.NameIs("arguments"u8) || walk.NameIs("input"u8))
                {
                    Arguments = walk.Value();
                }
                else if (walk.NameIs("content"u8))
                {
                    Content = walk.Value();
                }
                else if (walk.NameIs("summary"u8))
                {
                    Summary = walk.Value();
                }
                else if (walk.NameIs("encrypted_content"u8))
                {
                    Encrypted = walk.Value();
                }
                else if (walk.NameIs("result"u8))
                {
                    Result = walk.Value();
                }
            }
        }
    }
}

/// <summary>A Response's outer members.</summary>
internal readonly ref struct ResponsesAnswer
{
    public JsonSlice Id { get; init; }

    public JsonSlice Model { get; init; }

    public JsonSlice Status { get; init; }

    public JsonSlice Details { get; init; }

    public JsonSlice Output { get; init; }

    public bool IsError { get; init; }

    /// <summary>Why it ended; None when it failed or has not ended.</summary>
    public StopReason Stop(bool hasCalls)
    {
        if (IsError)
        {
            return StopReason.None;
        }

        if (Status.Text.SequenceEqual("completed"u8))
        {
            return hasCalls ? StopReason.Calls : StopReason.End;
        }

        if (!Status.Text.SequenceEqual("incomplete"u8))
        {
            return StopReason.None;
        }

        for (var walk = new JsonWalk(Details); walk.NextMember();)
        {
            if (walk.NameIs("reason"u8))
            {
                var reason = walk.Value().Text;
                return reason.SequenceEqual("content_filter"u8) ? StopReason.Filtered
                    : reason.SequenceEqual("max_output_tokens"u8) ? StopReason.Length : StopReason.Other;
            }
        }

        return StopReason.Length;
    }
}
