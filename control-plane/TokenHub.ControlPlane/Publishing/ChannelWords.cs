using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>The words of the channels' and groups' check constraints, and what they stand for.</summary>
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

    public static RoutingPolicy PolicyOf(string word) => word switch
    {
        "weighted" => RoutingPolicy.Weighted,
        "least_loaded" => RoutingPolicy.LeastLoaded,
        "cheapest" => RoutingPolicy.Cheapest,
        "fifo" => RoutingPolicy.Fifo,
        "sticky" => RoutingPolicy.Sticky,
        _ => throw new InvalidOperationException($"Unknown policy '{word}'."),
    };

    public static string WordOf(RoutingPolicy policy) => policy switch
    {
        RoutingPolicy.LeastLoaded => "least_loaded",
        RoutingPolicy.Cheapest => "cheapest",
        RoutingPolicy.Fifo => "fifo",
        RoutingPolicy.Sticky => "sticky",
        _ => "weighted",
    };

    public static ApiStyle ApiOf(string word) => word switch
    {
        "chat" => ApiStyle.Chat,
        "responses" => ApiStyle.Responses,
        "messages" => ApiStyle.Messages,
        _ => throw new InvalidOperationException($"Unknown protocol '{word}'."),
    };
}
