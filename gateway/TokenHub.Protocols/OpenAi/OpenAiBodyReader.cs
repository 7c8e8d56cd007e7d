using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>The outer members of a Chat answer; a chunk and a whole body have the same.</summary>
internal readonly ref struct OpenAiAnswer
{
    public JsonSlice Id { get; init; }

    public JsonSlice Model { get; init; }

    public JsonSlice Choices { get; init; }
}

/// <summary>Reads the outer members of a Chat answer.</summary>
internal static class OpenAiBodyReader
{
    public static OpenAiAnswer Read(ReadOnlySpan<byte> body)
    {
        JsonSlice id = default, model = default, choices = default;
        for (var walk = new JsonWalk(body); walk.NextMember();)
        {
            if (walk.NameIs("choices"u8))
            {
                choices = walk.Value();
            }
            else if (walk.NameIs("id"u8))
            {
                id = walk.Value();
            }
            else if (walk.NameIs("model"u8))
            {
                model = walk.Value();
            }
        }

        return new OpenAiAnswer { Id = id, Model = model, Choices = choices };
    }
}

/// <summary>The members of a <c>delta</c> or <c>message</c> that count, in whatever order they came.</summary>
internal ref struct OpenAiMessage
{
    public JsonSlice Content;
    public JsonSlice Refusal;
    public JsonSlice Reasoning;
    public JsonSlice ReasoningContent;
    public JsonSlice Details;
    public JsonSlice ToolCalls;
    public JsonSlice FunctionCall;
    public JsonSlice Images;
    public JsonSlice Annotations;
    public JsonSlice Audio;

    /// <summary>Stands beside the message: the probabilities of its tokens.</summary>
    public JsonSlice Chances;

    /// <summary>Something came that is seldom given at all.</summary>
    public bool HasExtras;

    /// <summary>Walks the members of the object that was entered.</summary>
    public void Read(ref JsonWalk walk)
    {
        while (walk.NextMember())
        {
            if (walk.NameIs("content"u8))
            {
                Content = walk.Value();
            }
            else if (walk.NameIs("tool_calls"u8))
            {
                ToolCalls = walk.Value();
            }
            else if (walk.NameIs("reasoning_content"u8))
            {
                ReasoningContent = walk.Value();
            }
            else if (walk.NameIs("reasoning"u8))
            {
                Reasoning = walk.Value();
            }
            else if (walk.NameIs("reasoning_details"u8))
            {
                Details = walk.Value();
            }
            else if (walk.NameIs("refusal"u8))
            {
                Refusal = walk.Value();
            }
            else if (walk.NameIs("function_call"u8))
            {
                FunctionCall = walk.Value();
            }
            else
            {
                ReadRare(ref walk);
            }
        }
    }

    private void ReadRare(ref JsonWalk walk)
    {
        if (walk.NameIs("images"u8))
        {
            Images = walk.Value();
            HasExtras = true;
        }
        else if (walk.NameIs("annotations"u8))
        {
            Annotations = walk.Value();
            HasExtras = true;
        }
        else if (walk.NameIs("audio"u8))
        {
            Audio = walk.Value();
            HasExtras = true;
        }
    }
}
