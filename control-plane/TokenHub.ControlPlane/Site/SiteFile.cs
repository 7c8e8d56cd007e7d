using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;

namespace TokenHub.ControlPlane.Site;

/// <summary>One file of the console as it is sent: whole, and compressed where its build has done so.</summary>
internal sealed class SiteFile
{
    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".woff2"] = "font/woff2",
        [".txt"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary();

    private readonly byte[] _bytes;
    private readonly byte[]? _brotli;
    private readonly byte[]? _gzip;
    private readonly string _hash;

    public SiteFile(string name, byte[] bytes, byte[]? brotli = null, byte[]? gzip = null, bool isImmutable = false)
    {
        (_bytes, _brotli, _gzip) = (bytes, brotli, gzip);
        _hash = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
        ContentType = Types.GetValueOrDefault(Path.GetExtension(name), "application/octet-stream");
        CacheControl = isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
    }

    public string ContentType { get; }

    /// <summary>A name with a hash in it is for ever the same; of all else the browser asks each time.</summary>
    public string CacheControl { get; }

    /// <summary>After so many seconds the browser asks again by itself; null: never.</summary>
    public int? RefreshSeconds { get; init; }

    public async Task WriteAsync(HttpContext context)
    {
        var (bytes, encoding) = Choose(context.Request.Headers.AcceptEncoding.ToString());
        var tag = encoding is null ? $"\"{_hash}\"" : $"\"{_hash}-{encoding}\"";
        var headers = context.Response.Headers;
        headers.ETag = tag;
        headers.CacheControl = CacheControl;
        headers.Vary = "Accept-Encoding";
        if (RefreshSeconds is { } seconds)
        {
            headers["Refresh"] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }

        context.Response.ContentType = ContentType;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        }
    }

    private (byte[] Bytes, string? Encoding) Choose(string accepted)
    {
        var words = accepted.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return _brotli is not null && words.Contains("br") ? (_brotli, "br")
            : _gzip is not null && words.Contains("gzip") ? (_gzip, "gzip")
            : (_bytes, null);
    }
}
