using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenHub.Chaos.Stores;

/// <summary>
/// A plain connection to a Redis server, for looking and meddling from outside. None of the product's own client is in
/// it, so that both cannot be wrong in the same way.
/// </summary>
internal sealed class RespTalk : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly byte[] _one = new byte[1];
    private BufferedStream _stream = null!;

    public static async Task<RespTalk> ConnectAsync(int port)
    {
        var talk = new RespTalk();
        using var limit = new CancellationTokenSource(Patience);
        await talk._client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        talk._client.ReceiveTimeout = talk._client.SendTimeout = (int)Patience.TotalMilliseconds;
        talk._stream = new BufferedStream(talk._client.GetStream());
        return talk;
    }

    /// <summary>A reply: string, long, null, or a list of replies. An error reply throws.</summary>
    public object? Call(params string[] command)
    {
        var bytes = new StringBuilder($"*{command.Length}\r\n");
        foreach (var part in command)
        {
            bytes.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(part)}\r\n").Append(part).Append("\r\n");
        }

        _stream.Write(Encoding.UTF8.GetBytes(bytes.ToString()));
        _stream.Flush();
        return Read();
    }

    public IReadOnlyList<string> Strings(params string[] command) =>
        [.. ((List<object?>)Call(command)!).Select(item => item?.ToString() ?? "")];

    public IReadOnlyDictionary<string, string> Hash(string key)
    {
        var parts = Strings("HGETALL", key);
        return Enumerable.Range(0, parts.Count / 2).ToDictionary(i => parts[2 * i], i => parts[(2 * i) + 1]);
    }

    /// <summary>Every key of this node that matches.</summary>
    public List<string> Scan(string pattern)
    {
        var found = new List<string>();
        var cursor = "0";
        do
        {
            var page = (List<object?>)Call("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")!;
            cursor = page[0]!.ToString()!;
            found.AddRange(((List<object?>)page[1]!).Select(key => key!.ToString()!));
        }
        while (cursor != "0");
        return found;
    }

    public void Dispose() => _client.Dispose();

    private object? Read()
    {
        var line = ReadLine();
        var rest = line[1..];
        switch (line[0])
        {
            case '+':
                return rest;
            case '-':
                throw new InvalidOperationException(rest);
            case ':':
                return long.Parse(rest, CultureInfo.InvariantCulture);
            case '$':
                return ReadBulk(int.Parse(rest, CultureInfo.InvariantCulture));
            case '*':
                var count = int.Parse(rest, CultureInfo.InvariantCulture);
                return count < 0 ? null : Enumerable.Range(0, count).Select(_ => Read()).ToList();
            default:
                throw new InvalidDataException($"No Redis reply begins with '{line[0]}'.");
        }
    }

    private string? ReadBulk(int length)
    {
        if (length < 0)
        {
            return null;
        }

        var bytes = new byte[length + 2];
        _stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            _stream.ReadExactly(_one);
            if (_one[0] == '\n')
            {
                return line.ToString(0, line.Length - 1);
            }

            line.Append((char)_one[0]);
        }
    }
}
