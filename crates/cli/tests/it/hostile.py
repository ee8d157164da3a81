"""Writes hostile files into the folder named on the command line. Each is small; none holds anything but made-up words."""
import io, json, os, struct, sys, tarfile, zipfile, zlib

out = sys.argv[1]
os.makedirs(out, exist_ok=True)


def put(name, data):
    with open(os.path.join(out, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def zipped(members, **more):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            info = zipfile.ZipInfo("x" * len(name.encode()))
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in more.items():
                setattr(info, key, value)
            z.writestr(info, data)
    raw = buf.getvalue()
    # Names as they are: the library would clean them.
    for name, _ in members:
        raw = raw.replace(b"x" * len(name.encode()), name.encode("utf-8", "surrogatepass"), 2)
    return raw


# Names that lead elsewhere, or fool the eye.
put("slip.zip", zipped([("../../../../zapys-evil-1.txt", b"evil")]))
put("absolute.zip", zipped([("/tmp/zapys-evil-2.txt", b"evil")]))
put("backslash.zip", zipped([("..\\..\\zapys-evil-3.txt", b"evil")]))
put("drive.zip", zipped([("C:\\zapys-evil-4.txt", b"evil")]))
put("nul.zip", zipped([("safe.txt\0.exe", b"evil")]))
put("rtl.zip", zipped([("\u202egpj.exe", b"evil")]))
put("controls.zip", zipped([("a\x1b[2Jb\r\n.txt", b"evil")]))
put("same-name.zip", zipped([("one.txt", b"first")]) and zipped([("aaa.txt", b"first"), ("aaa.txt", b"second")]))
put("long-name.zip", zipped([("d/" * 2000 + "f.txt", b"deep")]))
link = zipfile.ZipInfo("link")
link.create_system, link.external_attr = 3, 0o120777 << 16
buf = io.BytesIO()
with zipfile.ZipFile(buf, "w") as z:
    z.writestr(link, "/etc/passwd")
    z.writestr("link/inside.txt", "through the link")
put("symlink.zip", buf.getvalue())
buf = io.BytesIO()
with tarfile.open(fileobj=buf, mode="w") as t:
    for name, kind, target in [("l", tarfile.SYMTYPE, "/etc"), ("h", tarfile.LNKTYPE, "../../zapys-evil-5"), ("dev", tarfile.CHRTYPE, "")]:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        t.addfile(info)
    info = tarfile.TarInfo("l/zapys-evil-6.txt")
    info.size = 4
    t.addfile(info, io.BytesIO(b"evil"))
    info = tarfile.TarInfo("../zapys-evil-7.txt")
    info.size = 4
    t.addfile(info, io.BytesIO(b"evil"))
put("links.tar", buf.getvalue())
sparse = bytearray(buf.getvalue())
sparse[124:136] = b"77777777777\0"
sparse[156:157] = b"0"
sparse[148:156] = b" " * 8
sparse[148:156] = b"%06o\0 " % sum(sparse[:512])
put("size-lie.tar", bytes(sparse))


# Ten megabytes that become ten gigabytes.
def zeros(megabytes):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b"\0" * (1 << 20)
    first = c.compress(block) + c.flush(zlib.Z_FULL_FLUSH)
    again = c.compress(block) + c.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1) + c.flush()


def raw_zip(entries, lie=None):
    """Members as (name, deflated bytes, stated length); `lie` changes the end record."""
    body, head = b"", b""
    for name, data, size in entries:
        at = len(body)
        name = name.encode()
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0x21, 0, len(data), size & 0xFFFFFFFF, len(name), 0) + name + data
        head += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0x21, 0, len(data), size & 0xFFFFFFFF, len(name), 0, 0, 0, 0, 0, at) + name
    n, size, at = len(entries), len(head), len(body)
    if lie:
        n, size, at = lie(n, size, at)
    return body + head + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, n & 0xFFFF, n & 0xFFFF, size & 0xFFFFFFFF, at & 0xFFFFFFFF, 0)


bomb = zeros(10240)
put("bomb.zip", raw_zip([("zeros", bomb, 0xFFFFFF00)]))
put("bomb.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bomb + struct.pack("<II", 0, (10240 << 20) & 0xFFFFFFFF))
small = zeros(64)
layer = raw_zip([("zeros", small, 64 << 20)])
for level in range(6):
    layer = zipped([("layer-%d-%d.zip" % (level, i), layer) for i in range(4)])
put("nested.zip", layer)
# Every member is the same bytes, each a little later: overlapping.
one = raw_zip([("a", zeros(8), 8 << 20)])
name, data = b"a", zeros(8)
body = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0x21, 0, len(data), 8 << 20, 1, 0) + name + data
head = b"".join(
    struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0x21, 0, len(data), 8 << 20, 4, 0, 0, 0, 0, 0, 0) + b"%04d" % i
    for i in range(500)
)
put("overlap.zip", body + head + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 500, 500, len(head), len(body), 0))
put("zip64-lie.zip", raw_zip([("a", zeros(1), 1 << 20)], lambda n, s, a: (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)))
put("zip64-huge.zip", body + struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2**63, 2**63, 2**62, 2**62)
    + struct.pack("<IIQI", 0x07064B50, 0, len(body), 1) + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
put("count-lie.zip", raw_zip([("a", zeros(1), 1 << 20)], lambda n, s, a: (60000, s, a)))


# Pictures, markup, sound, tables.
def png(w, h, data):
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


put("enormous.png", png(60000, 60000, zlib.compress(b"\0" * 100000)))
put("wide.png", png(2**31 - 1, 1, zlib.compress(b"\0" * 1000)))
lol = "<!DOCTYPE l [<!ENTITY a0 \"lol\">" + "".join("<!ENTITY a%d \"%s\">" % (i, ("&a%d;" % (i - 1)) * 10) for i in range(1, 12)) + "]>"
put("laughs.svg", "<?xml version=\"1.0\"?>" + lol + "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>&a11;</text></svg>")
put("laughs.xml", "<?xml version=\"1.0\"?>" + lol + "<l>&a11;</l>")
put("laughs.html", "<html>" + lol + "<body><p>&a11;</p></body></html>")
put("outside.xml", "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>")
put("outside.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"><image xlink:href=\"file:///etc/passwd\"/><script>alert(1)</script></svg>")
put("deep.html", "<div>" * 100000 + "слово")
put("four-gigabytes.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff" + b"\0" * 4000)
put("no-rate.wav", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0data\0\0\0\0")
box = lambda t, d: struct.pack(">I", len(d) + 8) + t + d
stsz = box(b"stsz", struct.pack(">III", 0, 0, 2**31))
put("table.mp4", box(b"ftyp", b"isom\0\0\0\1isom") + box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsz))))) + box(b"mdat", b"\0" * 100))
put("loop.mp4", box(b"ftyp", b"isom\0\0\0\1isom") + struct.pack(">I", 0) + b"moov" + struct.pack(">I", 8) + b"trak")
put("cut.amr", b"#!AMR\n" + b"\x3c" + b"\x55" * 20)
put("reserved.amr", b"#!AMR\n" + b"\x6c" * 500)
opus = b"OpusHead\x01\xff\x00\x00\x80\xbb\x00\x00\x00\x00\x01"
put("channels.opus", b"OggS\0\x02" + b"\0" * 8 + b"\1\0\0\0" + b"\0" * 4 + b"\0" * 4 + b"\x01" + bytes([len(opus)]) + opus)
put("deep.json", "[" * 100000)
put("deep-chat.json", "{\"name\": \"x\", \"type\": \"personal_chat\", \"id\": 1, \"messages\": " + "[" * 100000)
put("long-line.json", "{\"name\": \"" + "я" * 3000000)
put("formulas.csv", "Абонент А,Абонент Б,Дата,Час,Тривалість\n=HYPERLINK(\"http://x.example\";\"x\"),@SUM(1+1),-2+3,+1,=cmd|' /C calc'!A0\n" + "380501112233,380671112233,14.03.2022,10:00:00,60\n")
put("quotes.csv", "a,b\n\"" * 50000)
put("columns.csv", ",".join(["380501112233"] * 50000) + "\n")
put("marks.txt", "звичайне\u202eенйачивз\u2066\u0007\u001b[31m червоне\u0000 кінець" * 100)
put("tags.txt", "<script>alert(1)</script><img src=x onerror=alert(1)>")
half = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-"
put("eicar.txt", half + "ANTIVIRUS-TEST-FILE!$H+H*")
# One file, several formats.
put("gif-zip.gif", b"GIF89a\1\0\1\0\0\0\0;" + zipped([("inside.txt", b"inside")]))
put("pdf-zip-html.pdf", b"%PDF-1.4\n<html><script>1</script>" + zipped([("inside.txt", b"inside")]) + b"\n%%EOF")
put("wav-png.wav", b"RIFF\x24\0\0\0WAVE" + png(1, 1, zlib.compress(b"\0\0\0\0")))
put("bom.json", b"\xff\xfe{\0\"\0a\0\"\0:\0")
put("empty.zip", b"PK\x05\x06" + b"\0" * 18)
put("truncated.zip", zipped([("a.txt", b"a" * 1000)])[:60])
put("truncated.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + zlib.compress(b"x" * 5000)[2:30])
# Names of the files themselves.
for name in ["\u202egpj.txt", "a\x1b[2Jb.txt", "line\nbreak.txt", "-rf", " .txt", "=cmd().txt", "n" * 250 + ".txt"]:
    put(name, "слова " + str(len(name)))
with open(os.path.join(out.encode(), b"\xff\xfe not UTF-8 .txt"), "wb") as f:
    f.write("слова не UTF-8".encode())
print(json.dumps(len(os.listdir(out))))
