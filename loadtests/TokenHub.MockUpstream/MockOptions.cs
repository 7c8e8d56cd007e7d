using System.Globalization;
using System.Net;

namespace TokenHub.MockUpstream;

/// <summary>What the command line says.</summary>
public sealed record MockOptions(IPEndPoint Bind)
{
    public const string Help = """
        TokenHub's mock upstream: speaks chat completions, responses, messages and generateContent.

          --port N    port to listen on (8099); 0 takes a free one, which is printed
          --bind A    address to listen on (127.0.0.1)
          --help      prints this

        The model's name says how it answers:
          demo-small             a short friendly text, a word about every 30 ms
          mock-c20-g30-b32 ...   a script of letters and numbers, in any order, all optional:
            cN  chunks (1)                     gN  milliseconds between chunks (0)
            bN  bytes of text in a chunk (32)  fN  milliseconds before the first chunk (0)
            iN  input tokens of usage (11)     t   a send time in each chunk of a stream
            eN  answer this error status       xN  cut the connection after N chunks
            lN  lose chunk N                       rN  send chunk N after the next one
            wN  spoil a byte of chunk N
        Text anywhere in the request that begins with "seed 123" chooses the bytes; else the seed is 0.

        GET /healthz    GET /stats (what it served, by dialect)    POST /stats/reset
        """;

    public static bool TryRead(string[] args, out MockOptions options, out string text)
    {
        options = new MockOptions(new IPEndPoint(IPAddress.Loopback, 8099));
        text = args.Contains("--help") ? Help : "";
        for (var i = 0; i < args.Length && text.Length == 0; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            if (args[i] == "--port"
                && ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            {
                options = new MockOptions(new IPEndPoint(options.Bind.Address, port));
            }
            else if (args[i] == "--bind" && IPAddress.TryParse(value, out var address))
            {
                options = new MockOptions(new IPEndPoint(address, options.Bind.Port));
            }
            else
            {
                text = $"mock-upstream: {args[i]} {value} is not understood; see --help";
            }
        }

        return text.Length == 0;
    }
}
