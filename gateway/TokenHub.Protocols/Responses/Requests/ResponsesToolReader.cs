using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses.Requests;

/// <summary>Reads the tools of a Responses request; those of a namespace as if each stood for itself.</summary>
internal static class ResponsesToolReader
{
    public static void ReadTools(ChatRequest request, JsonElement tools, string path, string? space = null)
    {
        var i = 0;
        foreach (var tool in tools.Items(path))
        {
            var at = $"{path}.{i++}";
            var kind = tool.Object(at).Text("type", $"{at}.") ?? "";
            switch (kind)
            {
                case "namespace":
                    var name = NameOf(tool, $"{at}.");
                    if (tool.Get("tools") is { } inner)
                    {
                        ReadTools(request, inner, $"{at}.tools", space is null ? name : $"{space}__{name}");
                    }

                    break;
                case "function" or "custom":
                    Add(request, ReadTool(request, tool, kind == "custom", space, $"{at}."));
                    break;
                default:
                    Add(request, new ChatTool(ToolKind.Server, kind)
                    {
                        Source = tool, SourceDialect = Dialect.Responses,
                    });
                    break;
            }
        }
    }

    public static ToolChoice? ReadChoice(ChatRequest request, JsonElement choice)
    {
        const string At = "tool_choice";
        if (choice.ValueKind == JsonValueKind.String)
        {
            return new ToolChoice(Mode(choice.AsText(At)));
        }

        switch (choice.Object(At).Text("type", $"{At}."))
        {
            case "function" or "custom":
                return new ToolChoice(ToolChoiceMode.Required, [ToldName(choice)]);
            case "allowed_tools":
                var names = (choice.Get("tools")?.Items($"{At}.tools") ?? default)
                    .Where(tool => tool.Text("type", $"{At}.tools.") is "function" or "custom").Select(ToldName);
                return new ToolChoice(Mode(choice.Text("mode", $"{At}.") ?? "auto"), [.. names]);
            case var server:
                request.Others[$"{At}.{server}"] = choice;
                return null;
        }
    }

    private static string ToldName(JsonElement tool) =>
        ToolBook.ToldName(NameOf(tool, "tool_choice."), tool.Text("namespace", "tool_choice."));

    private static ToolChoiceMode Mode(string word) => word switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => throw RequestMembers.Fault("tool_choice", "none, auto, required or a tool"),
    };

    private static string NameOf(JsonElement tool, string at) =>
        tool.Text("name", at) ?? throw RequestMembers.Fault($"{at}name", "a string");

    private static ChatTool ReadTool(
        ChatRequest request, JsonElement tool, bool isFreeForm, string? space, string at) =>
        new(isFreeForm ? ToolKind.FreeForm : ToolKind.Function,
            request.ToolBook.Add(NameOf(tool, at), space, isFreeForm))
        {
            Description = tool.Text("description", at),
            Parameters = isFreeForm ? null : tool.Get("parameters")?.Object($"{at}parameters"),
            Strict = tool.Flag("strict", at),
            Source = tool,
            SourceDialect = Dialect.Responses,
        };

    // A list that comes with the input may repeat a tool: the later one counts.
    private static void Add(ChatRequest request, ChatTool tool)
    {
        var known = tool.Kind == ToolKind.Server ? -1 : request.Tools.FindIndex(other => other.Name == tool.Name);
        if (known >= 0)
        {
            request.Tools[known] = tool;
        }
        else
        {
            request.Tools.Add(tool);
        }
    }
}
