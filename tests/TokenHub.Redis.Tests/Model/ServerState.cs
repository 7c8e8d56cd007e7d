using System.Text;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Tests.Model;

/// <summary>All that a server holds, in the form of <see cref="ModelText"/>.</summary>
internal static class ServerState
{
    public static async Task<List<string>> LinesAsync(IScriptRunner runner, string exceptKey)
    {
        var lines = new List<string>();
        foreach (var key in await ListAsync(runner, "KEYS", "*"))
        {
            var kind = key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(':')[0];
            if (key == exceptKey)
            {
                continue;
            }

            switch (kind)
            {
                case "ep" or "l" or "u":
                    lines.AddRange((await ListAsync(runner, "MGET", key)).Select(value => $"{key} {value}"));
                    break;
                case "x" or "oz":
                    AddPairs(lines, key, await ListAsync(runner, "ZRANGEBYSCORE", key, "-inf", "+inf", "WITHSCORES"));
                    break;
                default:
                    AddPairs(lines, key, await ListAsync(runner, "HGETALL", key));
                    break;
            }
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public static string Text(RespReply reply) => string.Join(' ', Flat(reply.Read()));

    public static async Task<List<string>> ListAsync(IScriptRunner runner, string command, params string[] arguments)
    {
        var call = runner.Begin(Encoding.UTF8.GetBytes(command));
        foreach (var argument in arguments)
        {
            call.Add(argument);
        }

        using var reply = await runner.RunAsync(call, CancellationToken.None);
        return Flat(reply.Read());
    }

    private static List<string> Flat(RespReader reader)
    {
        var texts = new List<string>();
        while (reader.Kind != 0)
        {
            if (reader.Kind is (byte)'*' or (byte)'%' or (byte)'~')
            {
                reader.ReadAggregate();
            }
            else
            {
                texts.Add(Encoding.Latin1.GetString(reader.ReadBytes()));
            }
        }

        return texts;
    }

    private static void AddPairs(List<string> lines, string key, List<string> pairs)
    {
        for (var i = 0; i < pairs.Count; i += 2)
        {
            lines.Add($"{key} {pairs[i]} {pairs[i + 1]}");
        }
    }
}
