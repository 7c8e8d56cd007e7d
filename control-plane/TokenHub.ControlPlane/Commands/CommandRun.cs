using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TokenHub.ControlPlane.Commands;

/// <summary>One run of a command: what follows its words, and where its answers go. Results are JSON.</summary>
internal sealed record CommandRun(
    IReadOnlyList<string> Arguments, Func<string, string?> Environment, TextWriter Output, TextWriter Error)
{
    public const int Succeeded = 0;
    public const int Failed = 1;

    /// <summary>The arguments or the variables are wrong; nothing was started.</summary>
    public const int Misused = 2;

    public static async Task<int> RefuseAsync(TextWriter error, IReadOnlyList<string> faults)
    {
        await error.WriteLineAsync("The control plane cannot start; these variables are at fault:");
        foreach (var fault in faults)
        {
            await error.WriteLineAsync($"  {fault}");
        }

        await error.WriteLineAsync("--help lists every variable.");
        return Misused;
    }

    public Task<int> RefuseAsync(IReadOnlyList<string> faults) => RefuseAsync(Error, faults);

    public async Task<int> EndAsync(int code, string reason)
    {
        await Error.WriteLineAsync(reason);
        return code;
    }

    public Task WriteAsync<T>(T result, JsonTypeInfo<T> type) =>
        Output.WriteLineAsync(JsonSerializer.Serialize(result, type));
}
