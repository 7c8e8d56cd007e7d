using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>The words of the channels' check constraints, and what they stand for.</summary>
internal static class ChannelWords
{
    public static Provider ProviderOf(string word) => word switch
    {
        "openai" => Provider.OpenAi,
        "anthropic" => Provider.Anthropic,
        "gemini" => Provider.Gemini,
        "deepseek" => Provider.DeepSeek,
        "openai_compatible" => Provider.OpenAiCompatible,
        "azure" => Provider.Azure,
        "bedrock" => Provider.Bedrock,
        "vertex" => Provider.Vertex,
        _ => throw new InvalidOperationException($"Unknown provider '{word}'."),
    };

    public static ApiStyle ApiOf(string word) => word switch
    {
        "chat" => ApiStyle.Chat,
        "responses" => ApiStyle.Responses,
        "messages" => ApiStyle.Messages,
        _ => throw new InvalidOperationException($"Unknown protocol '{word}'."),
    };
}
