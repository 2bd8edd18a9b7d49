-- Bodies and matters are terms of the search index, and every page is led by it; the indexes of versions by them were
-- written at each version and read by nothing but an erasure, which looks for proposals about its record alone.
drop index st_version_body;
drop index st_version_matter;
create index st_version_proposal on st_version (matter) where substr(matter, 1, 3) = 'of.';
