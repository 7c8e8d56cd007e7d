using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>The outer members of a Chat answer; a chunk and a whole body have the same.</summary>
internal readonly ref struct OpenAiAnswer
{
    public JsonSlice Id { get; init; }

    public JsonSlice Model { get; init; }

    public JsonSlice Choices { get; init; }

    public bool IsError { get; init; }
}

/// <summary>Reads the outer members of a Chat answer.</summary>
internal static class OpenAiBodyReader
{
    public static OpenAiAnswer Read(ReadOnlySpan<byte> body)
    {
        JsonSlice id = default, model = default, choices = default, error = default;
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
            else if (walk.NameIs("error"u8))
            {
                error = walk.Value();
            }
        }

        return new OpenAiAnswer { Id = id, Model = model, Choices = choices, IsError = error.IsTruthy };
    }
}
